"""Stage source: what is refused, and where in ``service.yaml`` it stands; a directory keeps its service."""

from __future__ import annotations

from uuid import uuid4

import pytest
from temporalio.testing import ActivityEnvironment

from activities.fixes import FixActivities
from activities.published_sets import PublishedSets
from activities.source import SourceActivities
from domain import keys
from domain.artifact import Digest
from domain.errors import InvalidDefinition, Untrusted
from domain.release import ReleaseRequest
from domain.roll_forward_messages import FixProposal
from domain.stages import Comparison, Source
from tests.fakes.onward import REPOSITORY, MemoryOnward
from tests.fakes.stores import PlainSnapshots


@pytest.fixture
def onward() -> MemoryOnward:
    return MemoryOnward()


def _fetched(onward: MemoryOnward, request: ReleaseRequest) -> Source:
    activities = SourceActivities(onward.repositories, onward.store, PlainSnapshots())
    return ActivityEnvironment().run(activities.fetch_source, request)


def _refused(onward: MemoryOnward, request: ReleaseRequest) -> str:
    with pytest.raises(InvalidDefinition) as caught:
        _fetched(onward, request)
    return str(caught.value)


def _as(onward: MemoryOnward, request: ReleaseRequest, **changed: str) -> ReleaseRequest:
    """The same directory at a later commit, with another application or role, and a release of that."""
    commit = uuid4().hex + "00000000"
    files = dict(onward.repositories.commits[REPOSITORY, request.commit])
    for key, value in changed.items():
        definition = files["cart/service.yaml"]
        files["cart/service.yaml"] = definition.replace(f"{key}: {getattr(request, key)}\n", f"{key}: {value}\n")
    onward.repositories.commits[REPOSITORY, commit] = files
    return request.model_copy(update={"commit": commit, **changed})


@pytest.mark.parametrize(("key", "line", "other"), [("application", 1, "market"), ("role", 2, "basket")])
def test_a_directory_keeps_its_service(onward: MemoryOnward, key: str, line: int, other: str) -> None:
    first = onward.commit("cart")
    _fetched(onward, first)
    stored = dict(onward.store.objects)

    message = _refused(onward, _as(onward, first, **{key: other}))

    kept = f"this directory holds {first.application}-cart, for good"
    assert message.splitlines() == [
        f'cart/service.yaml:{line}: {key}: "{other}"; expected "{getattr(first, key)}": {kept}',
        "  next: put another service into a directory of its own",
    ]
    assert onward.store.objects == stored


def test_each_key_that_changed_is_told_on_a_line_of_its_own(onward: MemoryOnward) -> None:
    first = onward.commit("cart")
    _fetched(onward, first)

    message = _refused(onward, _as(onward, first, application="market", role="basket"))

    assert [line.partition(" ")[0] for line in message.splitlines()[:2]] == [
        "cart/service.yaml:1:",
        "cart/service.yaml:2:",
    ]


def test_a_directory_keeps_its_service_however_its_repository_is_spelled(onward: MemoryOnward) -> None:
    first = onward.commit("cart")
    _fetched(onward, first)
    later = _as(onward, first, role="basket")
    spelling = "git@git.test:shop.git"
    onward.repositories.commits[spelling, later.commit] = onward.repositories.commits[REPOSITORY, later.commit]

    message = _refused(onward, later.model_copy(update={"repository": spelling}))

    assert 'cart/service.yaml:2: role: "basket"; expected "cart"' in message


def test_a_release_of_another_service_than_the_commit_holds_is_refused(onward: MemoryOnward) -> None:
    request = onward.commit("cart").model_copy(update={"role": "basket"})

    message = _refused(onward, request)

    release = f"this is a release of {request.application}-basket"
    assert f'cart/service.yaml:2: role: "cart"; expected "basket": {release}' in message


def test_what_is_missing_is_refused_line_by_line_and_nothing_is_kept(onward: MemoryOnward) -> None:
    request = onward.commit("cart")
    files = onward.repositories.commits[REPOSITORY, request.commit]
    del files["cart/app/Dockerfile"], files["cart/tests/Dockerfile"]
    files["cart/app/other"] = ""

    message = _refused(onward, request)

    first, second, _ = message.splitlines()
    assert first == (
        "cart/service.yaml:3: build.dockerfile: there is no file app/Dockerfile; expected a file inside the context"
    )
    assert second == (
        "cart/service.yaml:4: tests.integration.context: there is no directory tests; "
        "expected a directory inside the service's directory"
    )
    assert not onward.store.objects


def test_a_fix_whose_files_are_missing_is_refused_before_it_is_begun(onward: MemoryOnward) -> None:
    request = onward.commit("cart")
    del onward.repositories.commits[REPOSITORY, request.commit]["cart/app/Dockerfile"]
    proposal = FixProposal(repository=REPOSITORY, commit=request.commit, service_directory="cart", against=())

    with pytest.raises(InvalidDefinition, match=r"cart/service.yaml:3: build.context: there is no directory app"):
        ActivityEnvironment().run(FixActivities(onward.repositories).examine, proposal)


def test_what_is_published_is_said_to_be_followed_by_a_release_that_is_not_behind_it(onward: MemoryOnward) -> None:
    assert _fetched(onward, onward.commit("cart")).follows is None
    onward.publish("cart")

    source = _fetched(onward, onward.commit("cart"))

    assert source.follows == _published(onward)


def test_a_release_is_compared_with_a_version_that_came_to_the_gate_before_it(onward: MemoryOnward) -> None:
    onward.publish("cart")
    ahead = onward.manifests().read_digest(_published(onward))
    behind, beside = onward.commit("cart"), onward.commit("cart")
    onward.repositories.commits[REPOSITORY, ahead.commit] = {}
    onward.repositories.parents[ahead.commit] = (behind.commit,)

    assert _compared(onward, beside) == ""
    assert _compared(onward, behind) == (
        f"{behind.commit[:12]} is an ancestor of {ahead.commit[:12]}, which is {ahead.release}: Onward never goes back"
    )


def test_a_version_whose_manifest_was_changed_is_compared_with_nothing(onward: MemoryOnward) -> None:
    onward.publish("cart")
    key = keys.manifest_key(_published(onward))
    onward.store.put(key, onward.store.get(key).replace(b"cart", b"dart"))

    with pytest.raises(Untrusted):
        _compared(onward, onward.commit("cart"))


def _published(onward: MemoryOnward) -> Digest:
    current, _ = PublishedSets(onward.store).read(onward.application)
    return current.services["cart"].manifest.digest


def _compared(onward: MemoryOnward, release: ReleaseRequest) -> str:
    activities = SourceActivities(onward.repositories, onward.store, PlainSnapshots())
    comparison = Comparison(release=release, version=_published(onward))
    return ActivityEnvironment().run(activities.compare, comparison).behind
