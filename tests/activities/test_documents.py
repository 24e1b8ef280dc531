"""A document that somebody spoiled is said to be one, whoever reads it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from activities.owners import Owners
from activities.published_sets import PublishedSets
from activities.seen_services import SeenServices
from domain import keys
from domain.environment import Environment
from domain.errors import Untrusted
from domain.storage import ObjectStore
from tests.fakes.stores import MemoryObjectStore

READERS: dict[str, tuple[str, Callable[[ObjectStore], object]]] = {
    "a published set": (keys.published_set_key("shop"), lambda store: PublishedSets(store).read("shop")),
    "a registry of owners": (keys.ownership_key("shop"), lambda store: Owners(store).read("shop")),
    "what a check for drift saw": (
        keys.seen_key(Environment.PROD),
        lambda store: SeenServices(store).read(Environment.PROD),
    ),
}


@pytest.mark.parametrize("what", READERS)
def test_what_is_no_such_document_is_named_with_its_place(what: str) -> None:
    key, read = READERS[what]
    store = MemoryObjectStore()
    store.put(key, b"{")

    with pytest.raises(Untrusted, match=f"{key} is not {what}: .*\n  next: restore"):
        read(store)
