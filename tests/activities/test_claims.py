"""Claims over a store that loses replies and lets others in between: one owner, whatever happens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.claims import ClaimActivities
from activities.owners import Owners
from domain import keys
from domain.definition_file import parse_definition
from domain.errors import Conflict, ResourceRefused, Unreachable, Untrusted
from domain.holding import Resource
from domain.resource_steps import ClaimRequest
from domain.resources import ResourceKind
from tests.domain.builders import MOMENT
from tests.fakes.stores import MemoryObjectStore

ORDERS = Resource(kind=ResourceKind.QUEUE, name="orders")


def request(role: str, more: str = "writes: {queues: [orders]}") -> ClaimRequest:
    """A release of a role that asks for the queue ``orders``."""
    definition = parse_definition(f"application: shop\nrole: {role}\nowner: team\n{more}\n", "service.yaml")
    return ClaimRequest(release=f"release:shop-{role}:1", definition=definition, at=MOMENT)


def claim(store: MemoryObjectStore, asked: ClaimRequest) -> str:
    """As a worker does it."""
    return ActivityEnvironment().run(ClaimActivities(store).claim, asked).detail


def owner(store: MemoryObjectStore) -> str:
    """Who has the queue."""
    found = Owners(store).read("shop").of(ORDERS)
    assert found is not None
    return found.owner


def test_an_attempt_that_died_after_its_write_is_found_by_the_next_one() -> None:
    store = MemoryObjectStore()
    store.lost_replies = 1
    with pytest.raises(Unreachable):
        claim(store, request("cart"))
    before = dict(store.objects)

    assert claim(store, request("cart")) == "owns queue orders"
    assert store.objects == before


def test_who_comes_between_reading_and_writing_wins_and_the_other_is_told_its_name() -> None:
    store = MemoryObjectStore()
    store.meanwhile = lambda: claim(store, request("checkout"))

    with pytest.raises(ResourceRefused, match="queue orders belongs to shop-checkout"):
        claim(store, request("cart"))
    assert owner(store) == "checkout"


def test_who_claims_something_else_meanwhile_stands_in_nobodys_way() -> None:
    store = MemoryObjectStore()
    store.meanwhile = lambda: claim(store, request("checkout", "writes: {buckets: [receipts]}"))

    claim(store, request("cart"))

    assert [f"{resource} {there.owner}" for resource, there in Owners(store).read("shop").all()] == [
        "queue orders cart",
        "bucket receipts checkout",
    ]


def test_who_is_overtaken_each_time_leaves_it_to_a_slower_retry() -> None:
    class Busy(MemoryObjectStore):
        def replace(self, key: str, content: bytes, etag: str | None) -> None:
            raise Conflict("somebody was faster")

    with pytest.raises(Conflict):
        claim(Busy(), request("cart"))


def test_a_release_that_only_reads_writes_nothing() -> None:
    store = MemoryObjectStore()
    claim(store, request("cart"))
    Owners(store).change("shop", lambda current: current.claimed(request("cart").claimant, number=1))
    before = dict(store.objects)

    later = request("checkout", "reads: {queues: [orders]}").model_copy(update={"at": MOMENT + timedelta(days=9)})

    assert claim(store, later) == ""
    assert store.objects == before


def test_a_registry_that_somebody_spoiled_is_said_to_be_one() -> None:
    store = MemoryObjectStore()
    store.put(keys.ownership_key("shop"), b"{}")

    with pytest.raises(Untrusted, match=r"s3://memory/owners/shop\.json is not a registry of owners"):
        claim(store, request("cart"))
