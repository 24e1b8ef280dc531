"""What is signed: written once, and read only under the digest that it has."""

from __future__ import annotations

import pytest
from temporalio.testing import ActivityEnvironment

from activities.manifest import ManifestActivities
from domain import keys
from domain.artifact import digest_of
from domain.errors import Conflict, NotFound, Unreachable, Untrusted
from domain.manifest import ManifestPointer
from tests.activities.publishing import Publishing
from tests.domain.builders import manifest
from tests.fakes.stores import MemoryObjectStore, MemorySigner

OLDER, NEWER = manifest(), manifest(release="release:shop-cart:bbbbbbbbbbbb", commit="b" * 40)


def _written(store: MemoryObjectStore) -> ManifestPointer:
    return ActivityEnvironment().run(ManifestActivities(store, MemorySigner()).write_manifest, NEWER)


def test_another_releases_signed_manifest_under_a_digest_is_not_believed() -> None:
    publishing = Publishing()
    older, newer = publishing.signed(OLDER), publishing.signed(NEWER)
    objects = publishing.onward.store.objects
    objects[keys.envelope_key(newer.digest)] = objects[keys.envelope_key(older.digest)]

    assert publishing.onward.manifests().read(older) == OLDER
    with pytest.raises(Untrusted, match=f"expected {newer.digest}"):
        publishing.onward.manifests().read(newer)


def test_another_signed_verdict_on_the_candidate_is_not_believed_under_a_digest() -> None:
    publishing = Publishing()
    publishing.signed(OLDER)
    passed, failed = publishing.attested(OLDER, {}), publishing.attested(OLDER, {}, fault="the slice did not come up")
    objects = publishing.onward.store.objects
    objects[keys.verdict_key(OLDER.digest, failed)] = objects[keys.verdict_key(OLDER.digest, passed)]

    publishing.onward.verdicts().require_passed(OLDER.digest, passed)
    with pytest.raises(Untrusted, match=f"expected {failed}"):
        publishing.onward.verdicts().require_passed(OLDER.digest, failed)


@pytest.mark.parametrize("key", [keys.manifest_key(NEWER.digest), keys.envelope_key(NEWER.digest)])
def test_other_bytes_under_a_manifests_key_are_never_written_over(key: str) -> None:
    store = MemoryObjectStore()
    store.objects[key] = b"somebody else's"

    with pytest.raises(Conflict):
        _written(store)
    assert store.objects[key] == b"somebody else's"


class StoppingStore(MemoryObjectStore):
    """Its worker dies before the second write."""

    def create(self, key: str, content: bytes, content_type: str = "application/json") -> None:
        if len(self.writes) == 1:
            raise Unreachable("S3", "memory", "the worker died here")
        super().create(key, content, content_type)


def test_a_manifest_whose_writer_died_is_not_there_until_the_next_attempt_completes_it() -> None:
    publishing, dying = Publishing(), StoppingStore()
    with pytest.raises(Unreachable):
        _written(dying)
    store = publishing.onward.store
    store.objects = dying.objects
    pointer = ManifestPointer(uri=store.uri(keys.manifest_key(NEWER.digest)), digest=NEWER.digest)

    assert digest_of(store.objects[keys.manifest_key(NEWER.digest)]) == NEWER.digest
    with pytest.raises(NotFound):
        publishing.onward.manifests().read(pointer)

    assert _written(store) == pointer
    assert publishing.onward.manifests().read(pointer) == NEWER
