"""A failure in each stage that no other case fails in, and what on-call does once its cause is gone."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from docker import DockerClient

from domain import keys, workflow_ids
from domain.environment import Environment
from domain.identity import Duty, ServiceId
from domain.publication import PublishedSet
from domain.release import Stage
from domain.workflow_ids import task_queue
from engines.labels import Label
from engines.swarm_api import SwarmServices
from settings import StackSettings
from stores.s3 import S3ObjectStore
from tests.bucket import bucket_of
from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine
from tests.e2e.disturbance import pending_activity, temporal, until

NOT_IN_PROD = '        self.assertEqual(os.environ["ONWARD_ENVIRONMENT"], "ci")\n'


@pytest.fixture
def bucket(stack_settings: StackSettings, engine: DockerClient) -> S3ObjectStore:
    """Where the published sets are kept; CI's worker writes them."""
    return bucket_of(stack_settings, engine, Duty.CI)


@pytest.mark.without_suites
def test_source_a_published_set_that_cannot_be_read_is_repaired_and_the_commit_retried(
    application: Application, onward: CommandLine, bucket: S3ObjectStore
) -> None:
    with _spoilt(bucket, application.name):
        document = application.release("catalog", exit_code=1)

    assert "is not a published set" in document["failure"]["message"]
    _opened_by(application, document, Stage.SOURCE, "Untrusted")
    _retried(application, onward)


@pytest.mark.without_suites
def test_publish_nothing_is_published_over_what_cannot_be_read(
    application: Application, onward: CommandLine, bucket: S3ObjectStore
) -> None:
    release = application.start("catalog")
    until(lambda: application.stage("catalog") == Stage.REGRESSION)

    with _spoilt(bucket, application.name):
        document = application.ended(release, 1)

    assert (document["number"], application.deployed("catalog")) == (None, {})
    _opened_by(application, document, Stage.PUBLISH, "Untrusted")
    assert "is not a published set" in document["failure"]["message"]
    _retried(application, onward)


@pytest.mark.without_suites
def test_manifest_cancelled_while_nobody_signs(
    application: Application, onward: CommandLine, stack_settings: StackSettings
) -> None:
    step = f'RUN ["python3", "-c", "import time; {application.name} = time.sleep(5)"]\n'
    dockerfile = (application.repository / "catalog" / "Dockerfile").read_text()
    application.write("catalog/Dockerfile", f"{dockerfile}{step}")
    release = application.start("catalog")
    until(lambda: "Running in" in onward.run("why", f"{application.name}-catalog").stdout)

    with _nothing_dispatched(stack_settings, Duty.BUILD):
        until(lambda: application.stage("catalog") == Stage.MANIFEST)
        temporal(stack_settings, "workflow", "cancel", "-w", _release(application))
        document = application.ended(release, 1)

    _opened_by(application, document, Stage.MANIFEST, "Cancelled")
    _retried(application, onward)


@pytest.mark.without_suites
def test_deploy_ci_what_carries_another_stacks_label_is_not_touched(
    application: Application, onward: CommandLine, engine: DockerClient
) -> None:
    first = application.release("catalog")
    application.change("catalog/service.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning")

    with _label(engine, f"ci-{application.name}-catalog", Label.STACK, "somebody-elses"):
        document = application.release("catalog", exit_code=1)
        there = application.deployed("catalog")

    assert there["prod"]["commit"] == first["commit"]
    _opened_by(application, document, Stage.deploy(Environment.CI), "ForeignResource")
    _retried(application, onward)


def test_verify_prod_a_smoke_case_that_fails_there_alone(application: Application, onward: CommandLine) -> None:
    suite = "catalog/tests/integration/test_catalog.py"
    line = '        self.assertTrue(tea["name"])\n'
    application.change(suite, line, line + NOT_IN_PROD)

    document = application.release("catalog", exit_code=1)

    row = _opened_by(application, document, Stage.verify(Environment.PROD), "VerifyFailed")
    assert row["prod_affected"]
    assert "test_smoke_tea_has_a_name_and_a_price failed" in document["failure"]["message"]
    assert application.roll_forward("catalog") is not None
    mended = application.change(suite, NOT_IN_PROD, "")
    assert onward.json(*application.fix_words("catalog", mended))["status"] == "verified"
    until(lambda: application.roll_forward("catalog") is None)


@pytest.mark.without_suites
def test_a_release_whose_time_is_up_is_found_by_the_sweep(
    application: Application, onward: CommandLine, stack_settings: StackSettings
) -> None:
    """Started by hand, with a limit that no release of ours has: the server ends it without a word."""
    request = {
        "application": application.name,
        "role": "catalog",
        "repository": str(application.repository),
        "commit": application.commit,
        "service_directory": "catalog",
    }
    with _nothing_dispatched(stack_settings, Duty.BUILD):
        words = ["--task-queue", task_queue(Duty.ORCHESTRATE), "--execution-timeout", "3s"]
        start = ["start", "--type", "Release", "-w", _release(application), "--input", json.dumps(request)]
        temporal(stack_settings, "workflow", *start, *words)
        until(lambda: application.roll_forward("catalog") is not None)

    attempts = application.incident("catalog")["incident"]["attempts"]
    assert [each["failure"]["kind"] for each in attempts] == ["Timeout"]
    _retried(application, onward)


@pytest.mark.without_suites
def test_an_activity_that_is_paused_by_hand_waits_until_it_is_let_go(
    application: Application, onward: CommandLine, stack_settings: StackSettings
) -> None:
    """As docs/on-call.md says for a server that must not be hammered."""
    with _nothing_dispatched(stack_settings, Duty.BUILD):
        release = application.start("catalog")
        until(lambda: application.stage("catalog") == Stage.SOURCE)
        activity = pending_activity(stack_settings, _release(application))
        temporal(stack_settings, "activity", "pause", *activity, "--reason", "git is down")
    time.sleep(3)
    assert application.stage("catalog") == Stage.SOURCE
    assert "(git is down): temporal activity unpause" in onward.run("why", f"{application.name}-catalog").stdout

    temporal(stack_settings, "activity", "unpause", *activity)

    assert application.ended(release)["status"] == "verified"


def _opened_by(application: Application, document: Any, stage: str, kind: str) -> dict[str, Any]:
    """The line of the one roll-forward that a failed release belongs to."""
    assert document["status"] == "failed"
    assert (document["failure"]["stage"], document["failure"]["kind"]) == (stage, kind)
    assert document["roll_forward"] == f"roll-forward:{application.name}-catalog"
    row = application.roll_forward("catalog")
    assert row is not None
    assert (row["release"], row["stage"]) == (document["release"], stage)
    return row


def _retried(application: Application, onward: CommandLine) -> None:
    """The cause is gone: the same commit is verified, and that closes the roll-forward."""
    document = onward.json("retry", f"{application.name}-catalog", "--by", "ann")
    assert document["status"] == "verified"
    until(lambda: application.roll_forward("catalog") is None)
    assert len(application.incident("catalog")["incident"]["attempts"]) == 2


def _release(application: Application) -> str:
    service = ServiceId(application=application.name, role="catalog")
    return workflow_ids.release_id(service, application.commit)


@contextmanager
def _spoilt(bucket: S3ObjectStore, application: str) -> Iterator[None]:
    """Something wrote over what is published; afterwards it is put back."""
    key = keys.published_set_key(application)
    before = bucket.read(key)
    bucket.put(key, b"<html>503 Service Unavailable</html>")
    try:
        yield
    finally:
        empty = PublishedSet(application=application).model_dump_json().encode()
        bucket.put(key, before.content if before else empty)


@contextmanager
def _nothing_dispatched(settings: StackSettings, duty: Duty) -> Iterator[None]:
    """The workers of a duty are given nothing to do."""
    words = ["task-queue", "config", "set", "--task-queue", task_queue(duty), "--task-queue-type", "activity"]
    temporal(settings, *words, "--queue-rps-limit", "0")
    try:
        yield
    finally:
        temporal(settings, *words, "--queue-rps-limit", "default")


@contextmanager
def _label(engine: DockerClient, service: str, label: str, value: str) -> Iterator[None]:
    """Somebody has labelled a service by hand; afterwards the label is as it was."""
    before = _relabelled(engine, service, label, value)
    try:
        yield
    finally:
        _relabelled(engine, service, label, before)


def _relabelled(engine: DockerClient, name: str, label: str, value: str) -> str:
    services = SwarmServices(engine)
    there = services.find(name)
    assert there is not None
    spec = there["Spec"]
    services.update(there, {**spec, "Labels": {**spec["Labels"], label: value}})
    return str(spec["Labels"][label])
