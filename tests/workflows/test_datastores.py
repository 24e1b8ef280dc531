"""Releases of datastores: backed up before each update, and never deployed to a slice by who reads them."""

from __future__ import annotations

import json
from typing import Any

from temporalio.testing import WorkflowEnvironment

from domain.artifact import digest_of
from domain.deployment import UpdateState
from domain.environment import Environment
from domain.identity import canonical_name
from domain.release import ReleaseRequest, Stage
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import failed, released

SECTION = "kind: datastore\ndatastore: {{volume: /data, version: '{version}', backup: {{command: [pg_dump]}}{more}}}\n"


def datastore(onward: MemoryOnward, version: str = "15", more: str = "") -> ReleaseRequest:
    request = onward.commit(role="db", more=SECTION.format(version=version, more=more), level=f"v{version}")
    files = onward.repositories.commits[request.repository, request.commit]
    lines = files["db/service.yaml"].splitlines(keepends=True)
    files["db/service.yaml"] = "".join(line for line in lines if not line.startswith("scale:"))
    return request


def record(onward: MemoryOnward, environment: str, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        onward.kept[Environment(environment)].get(f"backups/{environment}/{onward.application}-db/{number}/backup.json")
    )
    return found


async def test_a_first_release_has_nothing_to_back_up(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    result = await released(temporal.client, datastore(onward))

    details = {stage.name: stage.detail for stage in result.stages}
    assert details[Stage.DEPLOY_PROD].startswith("#1 created, 1 replica, nothing to back up yet")
    assert onward.backups.made == []


async def test_an_update_is_backed_up_first_and_the_release_says_so(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, datastore(onward))

    result = await released(temporal.client, datastore(onward, "15.4"))

    digest = digest_of(b"the data")
    for environment in Environment:
        kept = record(onward, environment, 2)
        assert (kept["size"], kept["digest"], kept["of"]) == (8, digest, 1)
        store = onward.kept[environment]
        assert store.get(store.key(kept["uri"])) == b"the data"
    details = {stage.name: stage.detail for stage in result.stages}
    assert details[Stage.DEPLOY_CI].startswith(f"#2 updated, 1 replica, backup of #1: 8 bytes, {digest[:19]}")
    assert len(onward.backups.made) == 2


async def test_it_is_not_updated_while_its_backup_fails_or_is_empty(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, datastore(onward))
    before = list(onward.datastores.updates)

    onward.backups.failing = "the backup ended with exit code 1: no space left"
    broken = await failed(temporal.client, datastore(onward, "15.1"))
    onward.backups.failing, onward.backups.printed = "", b""
    empty = await failed(temporal.client, datastore(onward, "15.2"))

    assert broken.failure is not None
    assert (broken.failure.stage, broken.failure.kind) == (Stage.DEPLOY_CI, "BackupFailed")
    assert "exit code 1: no space left" in broken.failure.message
    assert "a release without datastore.backup" in broken.failure.message
    assert empty.failure is not None
    assert "is empty: the command printed nothing" in empty.failure.message
    assert onward.datastores.updates == before
    assert not any(key.endswith("backup.json") for store in onward.kept.values() for key in store.objects)


async def test_one_with_a_backup_is_deployed_nowhere_without_a_bucket_for_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.kept[Environment.CI].gone = True

    result = await failed(temporal.client, datastore(onward))

    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.DEPLOY_CI, "BackupFailed")
    assert "expected: the bucket in ONWARD_BACKUP_BUCKET of the ci duty" in result.failure.message
    assert onward.datastores.updates == []


async def test_a_fix_of_a_datastore_that_does_not_start_goes_on_from_the_backup_before_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, datastore(onward))
    bad = datastore(onward, "15.1")
    onward.datastores.sick.add(bad.commit)
    await failed(temporal.client, bad)
    name = canonical_name(Environment.CI, bad.service)
    down = onward.datastores.states[name].model_copy(update={"tasks": ()})
    onward.datastores.states[name] = down
    assert down.update is UpdateState.PAUSED
    onward.backups.failing = "it does not run"

    result = await failed(temporal.client, datastore(onward, "15.2"))

    assert "nothing has run since #2 halted" in result.stages[5].detail
    assert record(onward, "ci", 3) == record(onward, "ci", 2)
    assert result.failure is not None
    assert result.failure.stage is Stage.DEPLOY_PROD, "there it runs, and its backup fails"


async def test_another_major_version_is_refused_before_anything_is_published(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, datastore(onward, "15.3"))

    lower = await failed(temporal.client, datastore(onward, "14"))
    higher = await failed(temporal.client, datastore(onward, "16"))
    said = await released(temporal.client, datastore(onward, "16.1", ", upgrade_from: '15'"))

    for result, text in ((lower, "a datastore never goes back"), (higher, 'expected: datastore.upgrade_from: "15"')):
        assert result.failure is not None
        assert result.failure.stage is Stage.REGRESSION
        assert text in result.failure.message
        assert result.number is None
    assert said.number == 2


async def test_a_role_stays_a_datastore(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    await released(temporal.client, datastore(onward))
    result = await failed(temporal.client, onward.commit(role="db"))
    assert result.failure is not None
    assert "is published as a datastore and stays one" in result.failure.message


async def test_reading_what_nobody_published_is_refused_before_anything_is_published(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, onward.commit(role="catalog"))
    for role in ("db", "catalog"):
        result = await failed(temporal.client, onward.commit(more=f"reads: {{datastores: [{role}]}}\n"))
        assert result.failure is not None
        assert result.failure.stage is Stage.REGRESSION
        assert f"nobody has published a datastore {role} in {onward.application}" in result.failure.message


async def test_a_slice_has_no_datastore_but_the_candidate_and_its_suite_runs_all_the_same(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, datastore(onward))
    (own,) = onward.runner.in_slices
    assert set(list(onward.slices.versions.values())[-1]) == {"db"}

    await released(temporal.client, onward.commit(more="reads: {datastores: [db]}\n"))

    assert set(list(onward.slices.versions.values())[-1]) == {"cart"}
    cart, db = sorted(onward.runner.in_slices[1:], key=lambda run: run.service.role)
    data = f"ci-{onward.application}-data"
    address = f"ci-{onward.application}-db:8080"
    for run in (cart, db):
        assert (run.data_network, run.variables["ONWARD_DATASTORE_DB"]) == (data, address)
        assert "ONWARD_URL_DB" not in run.variables
    assert own.data_network == "", "its own instance is in the slice"
    assert own.variables["ONWARD_DATASTORE_DB"] == f"{own.slice}-db:8080"


async def test_smoke_cases_of_a_datastore_and_of_who_reads_it_reach_it(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    await released(temporal.client, datastore(onward))
    await released(temporal.client, onward.commit(more="reads: {datastores: [db]}\n"))
    await released(temporal.client, onward.commit(role="catalog"))

    smoke = {run.service.role: run for run in onward.runner.runs if run.environment is Environment.PROD}
    for role in ("db", "cart"):
        assert smoke[role].data_network == f"prod-{onward.application}-data"
        assert smoke[role].variables["ONWARD_DATASTORE_DB"] == f"prod-{onward.application}-db:8080"
    assert smoke["catalog"].data_network == ""
    assert "ONWARD_DATASTORE_DB" not in smoke["catalog"].variables
