"""Who owns a queue or a bucket: the first who claims it, until it drops it and prod has seen the last of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from domain.definition_file import parse_definition
from domain.errors import ResourceRefused
from domain.holding import PENDING, Claimant, Resource
from domain.ownership import Ownership
from domain.resources import ResourceKind
from tests.domain.builders import MOMENT

NOBODY = Ownership(application="shop")
ORDERS = Resource(kind=ResourceKind.QUEUE, name="orders")


def claimant(
    role: str, text: str = "writes: {queues: [orders]}", at: datetime = MOMENT, release: str = "1"
) -> Claimant:
    """A release of a role with more YAML below its definition."""
    definition = parse_definition(f"application: shop\nrole: {role}\nowner: team\n{text}\n", "service.yaml")
    return Claimant(release=f"release:shop-{role}:{release}", definition=definition, at=at)


def owner(ownership: Ownership, resource: Resource = ORDERS) -> str | None:
    """The role that has it, or nothing."""
    there = ownership.of(resource)
    return there.owner if there else None


def test_the_first_who_claims_a_resource_owns_it_with_its_dead_letters() -> None:
    text = "writes: {queues: [{name: orders, dead_letter: {after: 3}}], buckets: [receipts]}"

    owned = NOBODY.claimed(claimant("cart", text))

    assert [f"{resource} {holding.owner}" for resource, holding in owned.all()] == [
        "queue orders cart",
        "queue orders-dead cart",
        "bucket receipts cart",
    ]


def test_a_second_writer_is_refused_with_the_owners_name_and_gets_nothing() -> None:
    owned = NOBODY.claimed(claimant("cart"))

    with pytest.raises(ResourceRefused) as refused:
        owned.claimed(claimant("checkout", "writes: {queues: [other, orders]}"))

    assert str(refused.value).startswith("queue orders belongs to shop-cart, since release:shop-cart:1")
    assert "next: read it (`reads: {queues: [orders]}`)" in str(refused.value)


def test_a_queue_and_a_bucket_of_one_name_are_two() -> None:
    owned = NOBODY.claimed(claimant("cart")).claimed(claimant("checkout", "writes: {buckets: [orders]}"))

    assert owner(owned) == "cart"
    assert owner(owned, Resource(kind=ResourceKind.BUCKET, name="orders")) == "checkout"


def test_a_claim_is_the_same_however_often_it_is_made() -> None:
    once = NOBODY.claimed(claimant("cart"))

    assert once.claimed(claimant("cart")) == once


def test_a_claim_of_a_release_that_came_to_nothing_lapses_after_a_day() -> None:
    owned = NOBODY.claimed(claimant("cart"))
    soon, later = MOMENT + PENDING - timedelta(seconds=1), MOMENT + PENDING

    with pytest.raises(ResourceRefused):
        owned.claimed(claimant("checkout", at=soon))
    assert owner(owned.claimed(claimant("checkout", at=later))) == "checkout"
    assert owner(owned.claimed(claimant("cart", at=soon)).claimed(claimant("cart", at=later))) == "cart"


def test_a_claim_that_was_made_use_of_never_lapses() -> None:
    owned = NOBODY.claimed(claimant("cart"), number=7)

    with pytest.raises(ResourceRefused):
        owned.claimed(claimant("checkout", at=MOMENT + 400 * PENDING))


def test_a_resource_is_moved_by_a_release_that_drops_it_and_a_later_one_that_claims_it() -> None:
    owned = NOBODY.claimed(claimant("cart"), number=7)
    without = claimant("cart", "", release="2")

    assert owned.abandons(without.definition)
    dropped = owned.dropped(without, number=8, started=MOMENT)
    moved = dropped.claimed(claimant("checkout"))

    assert owner(dropped) == ""
    assert owner(moved) == "checkout"
    there = moved.of(ORDERS)
    assert there is not None
    assert (there.former, there.number, there.firm) == (("cart",), None, False)


def test_what_was_dropped_and_taken_up_again_is_as_before() -> None:
    owned = NOBODY.claimed(claimant("cart"), number=7)
    dropped = owned.dropped(claimant("cart", "", release="2"), number=8, started=MOMENT)

    again = dropped.claimed(claimant("cart", release="3"))

    there = again.of(ORDERS)
    assert there is not None
    assert (there.owner, there.since, there.former) == ("cart", "release:shop-cart:3", ())


def test_a_release_drops_nothing_that_a_newer_one_has_configured() -> None:
    owned = NOBODY.claimed(claimant("cart"), number=9)

    assert owned.dropped(claimant("cart", ""), number=8, started=MOMENT) == owned


def test_a_release_takes_back_the_claims_that_came_to_nothing_before_it_began() -> None:
    owned = NOBODY.claimed(claimant("cart"))
    by = claimant("cart", "", release="2")

    assert owner(owned.dropped(by, number=8, started=MOMENT)) == "cart"
    assert owner(owned.dropped(by, number=8, started=MOMENT + timedelta(seconds=1))) is None


def test_reading_what_somebody_writes_in_ci_is_fine_and_all_else_is_refused() -> None:
    reader = claimant("checkout", "reads: {queues: [orders]}")
    claimed = NOBODY.claimed(claimant("cart"))
    firm = claimed.claimed(claimant("cart"), number=7)
    orphaned = firm.dropped(claimant("cart", "", release="2"), number=8, started=MOMENT)

    firm.require_readable(reader)
    with pytest.raises(ResourceRefused, match="shop-checkout reads queue orders, which nobody writes\n"):
        NOBODY.require_readable(reader)
    with pytest.raises(ResourceRefused, match="nobody writes yet: release:shop-cart:1 of shop-cart has claimed it"):
        claimed.require_readable(reader)
    with pytest.raises(ResourceRefused, match="nobody writes any more: release:shop-cart:2 dropped it"):
        orphaned.require_readable(reader)


def test_a_service_may_read_what_it_writes_itself() -> None:
    NOBODY.require_readable(claimant("cart", "writes: {queues: [orders]}\nreads: {queues: [orders]}"))


def test_a_queue_keeps_its_order_or_its_lack_of_one_for_good() -> None:
    owned = NOBODY.claimed(claimant("cart"), number=7)

    with pytest.raises(ResourceRefused, match="keeps its messages without an order, for good"):
        owned.claimed(claimant("cart", "writes: {queues: [{name: orders, fifo: true}]}"))


def test_who_lost_its_claim_meanwhile_configures_nothing() -> None:
    late = claimant("cart")
    taken = NOBODY.claimed(late).claimed(claimant("checkout", at=MOMENT + PENDING), number=3)

    with pytest.raises(ResourceRefused, match="queue orders is not shop-cart's: shop-checkout owns it"):
        taken.require_owned(late)
