"""Targets: a worker of an environment believes nothing that it is told."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.manifest import ManifestActivities
from activities.manifest_reader import ManifestReader
from activities.publish import PublishActivities
from activities.targets import Targets
from domain.artifact import ArtifactKind
from domain.environment import Environment
from domain.errors import InvalidInput, NotFound, Superseded, Untrusted
from domain.identity import envelope_key, manifest_key
from domain.manifest import ManifestPointer
from domain.stages import PublishRequest, Target
from tests.domain.builders import IMAGE, manifest
from tests.fakes.onward import MemoryOnward


class Published:
    """One published release in memory, and the target that a workflow would ask for."""

    def __init__(self) -> None:
        self.onward = MemoryOnward()
        self.onward.registry.images.add(IMAGE.uri)
        self.reader = ManifestReader(self.onward.store, {"memory": self.onward.trusted})
        self.manifest = manifest()
        writer = ManifestActivities(self.onward.store, self.onward.signer)
        self.pointer = ActivityEnvironment().run(writer.write_manifest, self.manifest)
        self.number = self.publish(self.pointer)

    def publish(self, pointer: ManifestPointer, release: str = "") -> int:
        activities = PublishActivities(self.onward.store, self.reader)
        request = PublishRequest(release=release or self.manifest.release, manifest=pointer)
        return ActivityEnvironment().run(activities.publish, request).number

    def target(self, **changes: Any) -> Target:
        values = {
            "environment": Environment.PROD,
            "release": self.manifest.release,
            "run": "run",
            "number": self.number,
            "manifest": self.pointer,
        }
        return Target(**(values | changes))

    def targets(self) -> Targets:
        return Targets(Environment.PROD, self.onward.store, self.onward.registry, self.reader)


def test_what_was_signed_and_published_is_deployed_by_digest() -> None:
    published = Published()

    deployment = published.targets().deployment(published.target())

    assert deployment.artifact == IMAGE
    assert (deployment.number, deployment.commit) == (1, published.manifest.commit)


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"environment": Environment.CI}, InvalidInput, "serves prod, not ci"),
        ({"number": 7}, Untrusted, "was published as 1, not as #7"),
        ({"release": "release:shop-cart:bbbbbbbbbbbb"}, Untrusted, "is of release:shop-cart:aaaaaaaaaaaa"),
        ({"manifest": ManifestPointer(uri="s3://x", digest="sha256:" + "0" * 64)}, NotFound, "manifests/sha256/000"),
    ],
)
def test_a_target_that_lies_is_refused(changes: dict[str, Any], error: type[Exception], text: str) -> None:
    published = Published()

    with pytest.raises(error, match=text):
        published.targets().deployment(published.target(**changes))


def test_an_envelope_that_was_changed_is_not_trusted() -> None:
    published = Published()
    key = envelope_key(published.pointer.digest)
    content = published.onward.store.objects[key]
    published.onward.store.objects[key] = content.replace(b'"sig":"', b'"sig":"AAAA')

    with pytest.raises(Untrusted):
        published.targets().deployment(published.target())


def test_a_manifest_signed_by_nobody_is_not_found() -> None:
    published = Published()
    del published.onward.store.objects[envelope_key(published.pointer.digest)]

    with pytest.raises(NotFound):
        published.targets().deployment(published.target())
    assert manifest_key(published.pointer.digest) in published.onward.store.objects


def test_an_image_that_the_registry_lost_is_not_deployed() -> None:
    published = Published()
    published.onward.registry.images.clear()

    with pytest.raises(Untrusted, match="does not hold"):
        published.targets().artifact(published.manifest, ArtifactKind.IMAGE)


def test_publishing_twice_gives_the_same_number() -> None:
    published = Published()

    assert published.publish(published.pointer) == published.number


def test_publishing_another_releases_manifest_is_refused() -> None:
    published = Published()

    with pytest.raises(Untrusted, match="not of release:shop-cart:cccccccccccc"):
        published.publish(published.pointer, "release:shop-cart:cccccccccccc")


def test_a_superseded_candidate_leaves_the_set_as_it_is() -> None:
    published = Published()
    before = dict(published.onward.store.objects)
    earlier = published.manifest.model_copy(update={"started": published.manifest.started.replace(year=2020)})
    writer = ManifestActivities(published.onward.store, published.onward.signer)
    pointer = ActivityEnvironment().run(writer.write_manifest, earlier)

    with pytest.raises(Superseded):
        published.publish(pointer)
    key = next(key for key in before if key.startswith("published/"))
    assert published.onward.store.objects[key] == before[key]
