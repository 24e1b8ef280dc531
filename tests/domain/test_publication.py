"""The published set: numbers grow, are never reused, and a release gets one only."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.artifact import digest_of
from domain.definition_file import parse_definition
from domain.manifest import ManifestPointer
from domain.publication import REMEMBERED, PublishedSet
from tests.domain.builders import manifest


def _pointer(name: str) -> ManifestPointer:
    return ManifestPointer(uri=f"s3://onward/{name}", digest=digest_of(name.encode()))


def _published(current: PublishedSet, role: str, name: str) -> PublishedSet:
    text = f"application: shop\nrole: {role}\nowner: team\n"
    built = manifest(definition=parse_definition(text, "service.yaml"))
    return current.with_published(built, _pointer(name), digest_of(f"verdict on {name}".encode()))


@given(st.lists(st.sampled_from(["cart", "catalog", "web"]), max_size=30))
def test_each_publication_gets_the_next_number(roles: list[str]) -> None:
    current = PublishedSet(application="shop")
    for index, role in enumerate(roles):
        following = _published(current, role, f"m{index}")
        assert following.version == current.version + 1
        assert following.services[role].number == following.version
        current = following

    assert [current.number_of(_pointer(f"m{index}")) for index in range(len(roles))] == list(range(1, len(roles) + 1))


def test_a_release_finds_its_number_after_a_newer_one_of_its_role() -> None:
    current = _published(_published(PublishedSet(application="shop"), "cart", "old"), "cart", "new")

    assert current.services["cart"].number == 2
    assert current.number_of(_pointer("old")) == 1


def test_the_snapshot_is_what_a_candidate_is_tested_on() -> None:
    current = _published(_published(PublishedSet(application="shop"), "cart", "c"), "web", "w")

    assert current.snapshot == {"cart": _pointer("c").digest, "web": _pointer("w").digest}
    assert current.services["web"].verdict == digest_of(b"verdict on w")


def test_what_was_never_published_has_no_number() -> None:
    assert PublishedSet(application="shop").number_of(_pointer("x")) is None


def test_its_memory_is_bounded_and_forgets_the_oldest() -> None:
    current = PublishedSet(application="shop")
    for index in range(REMEMBERED + 5):
        current = _published(current, "cart", f"m{index}")

    assert len(current.numbers) == REMEMBERED
    assert current.number_of(_pointer("m4")) is None
    assert current.number_of(_pointer("m5")) == 6
