"""Publication: by verdict and by compare-and-swap, and never by what somebody says."""

from __future__ import annotations

import pytest

from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.errors import NotFound, Unreachable, Untrusted
from domain.manifest import Manifest
from domain.stages import Publication
from tests.activities.publishing import Publishing
from tests.domain.builders import IMAGE, definition, manifest

TESTS = "tests: {integration: {context: tests}}\n"
SUITE = Artifact(kind=ArtifactKind.SUITE, uri="registry.test/shop/cart/suite@x", digest=digest_of(b"suite"))


def other(role: str) -> Manifest:
    """The manifest of another role, without a suite."""
    return manifest(
        release=f"release:shop-{role}:bbbbbbbbbbbb", definition=definition().model_copy(update={"role": role})
    )


def test_a_candidate_gets_the_next_number_and_the_same_one_when_it_asks_again() -> None:
    publishing, cart = Publishing(), manifest()
    publishing.signed(cart)
    verdict = publishing.attested(cart, {})

    assert publishing.publish(cart, {}, verdict) == Publication(number=1)
    assert publishing.publish(cart, {}, verdict) == Publication(number=1)


def test_a_set_that_is_not_the_basis_is_not_written_and_the_answer_says_what_is_there() -> None:
    publishing, cart, web = Publishing(), manifest(), other("web")
    publishing.signed(cart)
    publishing.signed(web)
    publishing.publish(cart, {}, publishing.attested(cart, {}))
    before = dict(publishing.onward.store.objects)

    outcome = publishing.publish(web, {}, publishing.attested(web, {}))

    assert (outcome.number, outcome.contested) == (None, {"cart": cart.digest})
    assert publishing.onward.store.objects["published/shop.json"] == before["published/shop.json"]
    assert publishing.publish(
        web, {"cart": cart.digest}, publishing.attested(web, {"cart": cart.digest})
    ) == Publication(number=2)


def test_who_loses_to_another_publication_writes_nothing_and_hears_what_is_there() -> None:
    publishing, cart, web = Publishing(), manifest(), other("web")
    publishing.signed(cart)
    publishing.signed(web)
    ahead, verdict = publishing.attested(web, {}), publishing.attested(cart, {})
    publishing.onward.store.meanwhile = lambda: publishing.publish(web, {}, ahead)

    outcome = publishing.publish(cart, {}, verdict)

    assert (outcome.number, outcome.contested) == (None, {"web": web.digest})
    assert publishing.numbers() == {"web": 1}


def test_who_loses_to_its_own_earlier_attempt_has_the_number_of_that_one() -> None:
    publishing, cart, web = Publishing(), manifest(), other("web")
    publishing.signed(cart)
    publishing.signed(web)
    verdict, following = publishing.attested(cart, {}), publishing.attested(web, {"cart": cart.digest})

    def earlier_attempt_and_the_next_in_the_queue() -> None:
        publishing.publish(cart, {}, verdict)
        publishing.publish(web, {"cart": cart.digest}, following)

    publishing.onward.store.meanwhile = earlier_attempt_and_the_next_in_the_queue

    assert publishing.publish(cart, {}, verdict).number == 1
    assert publishing.numbers() == {"cart": 1, "web": 2}


def test_a_publication_whose_reply_was_lost_is_found_by_the_next_attempt() -> None:
    publishing, cart = Publishing(), manifest()
    publishing.signed(cart)
    verdict = publishing.attested(cart, {})
    publishing.onward.store.lost_replies = 1

    with pytest.raises(Unreachable):
        publishing.publish(cart, {}, verdict)

    assert publishing.publish(cart, {}, verdict) == Publication(number=1)
    assert publishing.numbers() == {"cart": 1}


def test_a_verdict_on_another_basis_does_not_count() -> None:
    publishing, cart, web = Publishing(), manifest(), other("web")
    publishing.signed(cart)
    publishing.signed(web)
    elsewhere = publishing.attested(cart, {"web": web.digest})

    with pytest.raises(Untrusted, match="the verdict is about another basis"):
        publishing.publish(cart, {}, elsewhere)


def test_a_verdict_that_lacks_a_suite_does_not_count() -> None:
    publishing = Publishing()
    cart = manifest(definition=definition(TESTS), artifacts=(IMAGE, SUITE))
    publishing.signed(cart)

    with pytest.raises(Untrusted, match="cart's own new suite was not run"):
        publishing.publish(cart, {}, publishing.attested(cart, {}))


def test_a_verdict_on_a_manifest_without_its_suite_does_not_do_for_the_one_with_it() -> None:
    publishing = Publishing()
    bare, full = manifest(), manifest(definition=definition(TESTS), artifacts=(IMAGE, SUITE))
    publishing.signed(bare)
    publishing.signed(full)

    with pytest.raises(NotFound):
        publishing.publish(full, {}, publishing.attested(bare, {}))


def test_another_releases_manifest_is_not_published() -> None:
    publishing, cart = Publishing(), manifest()
    publishing.signed(cart)

    with pytest.raises(Untrusted, match="not of release:shop-cart:cccccccccccc"):
        publishing.publish(cart, {}, publishing.attested(cart, {}), "release:shop-cart:cccccccccccc")


def test_nothing_is_published_over_a_set_that_cannot_be_read() -> None:
    publishing, cart = Publishing(), manifest()
    publishing.signed(cart)
    verdict = publishing.attested(cart, {})
    publishing.onward.store.put("published/shop.json", b"<html>503</html>")

    with pytest.raises(Untrusted, match=r"published/shop\.json is not a published set: Invalid JSON"):
        publishing.publish(cart, {}, verdict)
    assert publishing.onward.store.get("published/shop.json") == b"<html>503</html>"
