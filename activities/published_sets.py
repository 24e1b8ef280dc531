"""Published sets as they are kept: one object per application, written by compare-and-swap only."""

from __future__ import annotations

from activities.documents import read_document
from domain import keys
from domain.publication import PublishedSet
from domain.storage import ObjectStore


class PublishedSets:
    """Reads and replaces them."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, application: str) -> tuple[PublishedSet, str | None]:
        """What is published, an empty set if nothing is; and the tag that :meth:`replace` wants.

        :raises Untrusted: what is kept there is no published set.
        """
        key = keys.published_set_key(application)
        found, etag = read_document(self._store, key, PublishedSet, "a published set")
        return found or PublishedSet(application=application), etag

    def replace(self, following: PublishedSet, etag: str | None) -> None:
        """Put the next set in the place of the one that was read; ``Conflict`` when that was replaced already."""
        key = keys.published_set_key(following.application)
        self._store.replace(key, following.model_dump_json().encode(), etag)
