"""BuildActivities: found by inputs, and the same outcome after a crash at any point."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from temporalio.testing import ActivityEnvironment

from activities.build import BuildActivities
from activities.source import SourceActivities
from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.build import BuildInputs, BuildRecord
from domain.errors import Unreachable
from domain.keys import build_record_key, bundle_key, log_key
from domain.stages import BuildRequest, Built
from tests.domain.builders import MOMENT
from tests.fakes.onward import MemoryOnward
from tests.fakes.stores import MemoryObjectStore, PlainSnapshots


class CrashingStore(MemoryObjectStore):
    """Dies before the n-th write, as a killed worker would."""

    def __init__(self, before_write: int) -> None:
        super().__init__()
        self._left = before_write

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        self._left -= 1
        if self._left == 0:
            raise Unreachable("S3", "memory", "the worker died here")
        super().put(key, content, content_type)


def _request(onward: MemoryOnward, kind: ArtifactKind = ArtifactKind.IMAGE) -> BuildRequest:
    release = onward.commit()
    activities = SourceActivities(onward.repositories, onward.store, PlainSnapshots())
    source = ActivityEnvironment().run(activities.fetch_source, release)
    return BuildRequest(release=release.id, run="run", kind=kind, source=source)


def _built(onward: MemoryOnward, request: BuildRequest) -> Built:
    activities = BuildActivities(onward.builder, onward.registry, onward.store, PlainSnapshots())
    return ActivityEnvironment().run(activities.build, request)


async def test_the_second_build_of_the_same_inputs_is_found() -> None:
    onward = MemoryOnward()
    first = _built(onward, _request(onward))
    second = _built(onward, _request(onward))

    assert (first.reused, second.reused) == (False, True)
    assert first.artifact == second.artifact
    assert len(onward.builder.built) == 1


async def test_an_image_that_the_registry_lost_is_built_again() -> None:
    onward = MemoryOnward()
    _built(onward, _request(onward))
    onward.registry.images.clear()

    assert not _built(onward, _request(onward)).reused
    assert onward.registry.images


@pytest.mark.parametrize("before_write", range(1, 6))
async def test_a_crash_before_any_write_is_taken_up_by_the_next_attempt(before_write: int) -> None:
    onward = MemoryOnward()
    onward.store = CrashingStore(before_write)
    request = None
    for _ in range(3):
        try:
            request = request or _request(onward)
            built = _built(onward, request)
            break
        except Unreachable:
            continue

    assert onward.registry.holds(built.artifact.uri)
    assert any(key.startswith("builds/") for key in onward.store.objects)


async def test_two_attempts_that_record_at_once_agree() -> None:
    onward = MemoryOnward()
    request = _request(onward)
    first = _built(onward, request)
    key = next(key for key in onward.store.objects if key.startswith("builds/"))
    content = onward.store.objects.pop(key)
    onward.store.objects[key] = content

    assert _built(onward, request).artifact == first.artifact
    assert key == build_record_key("sha256:" + key.split("/")[2].removesuffix(".json"))


async def test_the_output_is_in_the_store_while_the_build_runs() -> None:
    onward = MemoryOnward()
    request = _request(onward)
    key = log_key(request.release, request.run, "build-image")
    onward.builder.blocked = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        build = pool.submit(_built, onward, request)
        try:
            _wait_until(lambda: b"still building" in onward.store.objects.get(key, b""))
            assert not build.done()
        finally:
            onward.builder.blocked.set()
        assert build.result().log == onward.store.uri(key)


def _wait_until(look: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not look():
        assert time.monotonic() < end
        time.sleep(0.1)


def _bundle_inputs(role: str) -> BuildInputs:
    return BuildInputs(
        kind=ArtifactKind.BUNDLE, repository=f"shop/{role}", files=digest_of(role.encode()), recipe={}, bases=()
    )


class Recorded:
    """A bundle in the store, and the record of its build."""

    def __init__(self) -> None:
        self.onward = MemoryOnward()
        self.inputs = _bundle_inputs("web")
        digest = digest_of(b"bundle")
        self.key = bundle_key(digest)
        self.onward.store.put(self.key, b"bundle")
        artifact = Artifact(kind=ArtifactKind.BUNDLE, uri=self.onward.store.uri(self.key), digest=digest)
        self.record = BuildRecord(inputs=self.inputs, artifact=artifact, log="", built=MOMENT)
        self.keep(self.record)

    def keep(self, record: BuildRecord) -> None:
        self.onward.store.put(build_record_key(self.inputs.digest), record.model_dump_json().encode())

    def found(self) -> BuildRecord | None:
        onward = self.onward
        return BuildActivities(onward.builder, onward.registry, onward.store, PlainSnapshots()).find(self.inputs)


def test_a_record_of_the_same_inputs_is_found_while_its_bundle_is_kept() -> None:
    recorded = Recorded()
    assert recorded.found() == recorded.record

    del recorded.onward.store.objects[recorded.key]
    assert recorded.found() is None


def test_a_record_of_other_inputs_is_not_used() -> None:
    recorded = Recorded()
    recorded.keep(recorded.record.model_copy(update={"inputs": _bundle_inputs("other")}))

    assert recorded.found() is None


def test_a_record_whose_bundle_is_kept_elsewhere_is_not_used() -> None:
    recorded = Recorded()
    elsewhere = recorded.record.artifact.model_copy(update={"uri": "s3://elsewhere/bundle.zip"})
    recorded.keep(recorded.record.model_copy(update={"artifact": elsewhere}))

    assert recorded.found() is None
