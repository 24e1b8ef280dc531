"""Backups of a real container: whole or an error, however it ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from hashlib import sha256

import pytest
from docker import DockerClient
from temporalio.exceptions import CancelledError
from temporalio.testing import ActivityEnvironment

from activities.heartbeat import Heartbeat
from domain.artifact import Artifact, digest_of
from domain.backup import VolumePlace
from domain.datastore import Backup
from domain.errors import BackupFailed
from domain.progress import Progress
from domain.storage import Streamed
from engines.swarm_backups import SwarmBackups
from tests.engines.conftest import Environments
from tests.engines.images import Images
from tests.engines.sites import Sites
from tests.fakes.progress import Cancelled, CancelledProgress, SilentProgress

pytestmark = pytest.mark.server


class Subject:
    """A datastore that serves, and backups of it by a shell command."""

    def __init__(self, client: DockerClient, environment: Environments, image: Artifact) -> None:
        self.environment = environment
        self.backups = SwarmBackups(client, stack=environment.stack)
        self.deployment = environment.deployment(
            1, image, role="db", kind="datastore", datastore={"volume": "/data", "version": "1"}
        )

    def made(self, command: str, timeout: str = "20s") -> bytes:
        backup = Backup.model_validate({"command": ["sh", "-c", command], "timeout": timeout})
        with self.backups.content(self.deployment, backup, SilentProgress()) as chunks:
            return b"".join(chunks)


@pytest.fixture(scope="session")
def image(images: Images) -> Artifact:
    return images.pushed("trap 'exit 0' TERM; httpd -f -p 8080 -h /data & wait", {"data/healthz": "ok"})


@pytest.fixture
def subject(docker_client: DockerClient, environment: Environments, image: Artifact) -> Subject:
    return Subject(docker_client, environment, image)


@pytest.fixture
def serving(subject: Subject) -> Subject:
    subject.environment.arrive(subject.deployment)
    return subject


def test_where_its_volume_is_is_known_of_this_machine_alone(
    serving: Subject, docker_client: DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = serving.environment.deployment(1, serving.deployment.artifact, role="other")
    assert serving.backups.volume_place(serving.deployment) is VolumePlace.HERE
    assert serving.backups.volume_place(other) is VolumePlace.NOWHERE
    told = docker_client.info()
    told["Swarm"]["Nodes"] = 2
    monkeypatch.setattr(docker_client, "info", lambda: told)
    assert serving.backups.volume_place(other) is VolumePlace.ELSEWHERE


def test_every_byte_arrives_and_what_is_said_besides_does_not(serving: Subject) -> None:
    command = "echo hello >&2; yes 12345678 | head -c 30000000; printf '\\000\\377\\n'"
    content = serving.made(command)
    assert len(content) == 30_000_003
    assert content[:9] == b"12345678\n"
    assert content[-3:] == b"\x00\xff\n"
    assert sha256(content).digest() == sha256((b"12345678\n" * 3_333_334)[:30_000_000] + b"\x00\xff\n").digest()


def test_a_command_that_fails_says_why(serving: Subject) -> None:
    with pytest.raises(BackupFailed, match=r"ended with exit code 4: the disk is full"):
        serving.made("echo half; echo the disk is full >&2; exit 4")
    with pytest.raises(BackupFailed, match=r"ended with exit code 127"):
        serving.made("exec /nowhere")


def test_a_command_that_does_not_end_is_given_up(serving: Subject) -> None:
    with pytest.raises(BackupFailed, match=r"did not end in 2 s, and said nothing"):
        serving.made("echo begun; sleep 600", timeout="2s")


def test_a_cancel_ends_it_in_the_middle(serving: Subject) -> None:
    backup = Backup(command=("sh", "-c", "echo begun; sleep 600"))
    progress = CancelledProgress("begun")

    def read() -> Iterator[bytes]:
        with serving.backups.content(serving.deployment, backup, progress) as chunks:
            for chunk in chunks:
                progress.say(chunk.decode())
                yield chunk

    with pytest.raises(Cancelled):
        list(read())


def test_it_goes_to_s3_as_it_comes_and_a_cancel_of_the_activity_leaves_nothing(serving: Subject, sites: Sites) -> None:
    store, environment = sites.bundles, ActivityEnvironment()

    def kept(key: str, command: str) -> Streamed:
        backup = Backup(command=("sh", "-c", command))
        with Heartbeat() as progress, serving.backups.content(serving.deployment, backup, progress) as chunks:
            return store.put_stream(key, _told(chunks, progress))

    streamed = environment.run(kept, "whole", "yes 12345678 | head -c 40000000")
    assert streamed == Streamed(size=40_000_000, digest=digest_of(store.get("whole")))

    killer = threading.Timer(2, environment.cancel)
    killer.start()
    with pytest.raises(CancelledError):
        environment.run(kept, "half", "yes | head -c 20000000; sleep 600")
    assert not store.holds("half")


def _told(chunks: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    for chunk in chunks:
        progress.say("more")
        yield chunk


def test_a_datastore_that_dies_in_the_middle_leaves_no_whole_backup(
    docker_client: DockerClient, serving: Subject
) -> None:
    label = f"com.docker.swarm.service.name={serving.deployment.name}"
    (container,) = docker_client.containers.list(filters={"label": label})
    killer = threading.Timer(2, container.kill)
    killer.start()
    with pytest.raises(BackupFailed, match=r"exit code 137|broke off"):
        serving.made("while :; do echo more; sleep 0.1; done")


def test_what_does_not_run_cannot_be_backed_up(subject: Subject) -> None:
    with pytest.raises(BackupFailed, match="is not there"):
        subject.made("true")
