"""Targets: a worker of an environment believes nothing that it is told."""

from __future__ import annotations

from typing import Any

import pytest

from activities.targets import Targets
from domain.artifact import ArtifactKind
from domain.environment import Environment
from domain.errors import InvalidInput, NotFound, Untrusted
from domain.keys import envelope_key, manifest_key
from domain.manifest import Manifest, ManifestPointer
from domain.stages import Target
from tests.activities.publishing import Publishing
from tests.domain.builders import IMAGE, manifest


class Published:
    """One published release in memory, and the target that a workflow would ask for."""

    def __init__(self, released: Manifest | None = None) -> None:
        self.publishing = Publishing()
        self.onward = self.publishing.onward
        self.manifest = released or manifest()
        self.pointer = self.publishing.signed(self.manifest)
        self.verdict = self.publishing.attested(self.manifest, {})
        self.number = self.publishing.publish(self.manifest, {}, self.verdict).number

    def target(self, **changes: Any) -> Target:
        values = {
            "environment": Environment.PROD,
            "release": self.manifest.release,
            "run": "run",
            "number": self.number,
            "manifest": self.pointer,
            "verdict": self.verdict,
        }
        return Target(**(values | changes))

    def targets(self) -> Targets:
        onward = self.onward
        return Targets(Environment.PROD, onward.store, onward.registry, onward.manifests(), onward.verdicts())


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


def test_a_release_whose_regression_failed_is_not_deployed_whoever_asks() -> None:
    published = Published()
    failed = published.publishing.attested(published.manifest, {}, fault="cart does not come up in the slice")

    with pytest.raises(Untrusted, match=r"the regression of release:shop-cart:a+ failed: cart does not come up"):
        published.targets().deployment(published.target(verdict=failed))


def test_a_verdict_that_the_build_duty_signed_counts_for_nothing() -> None:
    published = Published()
    published.onward.attestor = published.onward.signer
    forged = published.publishing.attested(published.manifest, {}, fault="forged")

    with pytest.raises(Untrusted, match="no trusted key signed it"):
        published.targets().deployment(published.target(verdict=forged))
