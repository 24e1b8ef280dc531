"""The registry of owners as it is kept: one object per application, written by compare-and-swap only."""

from __future__ import annotations

from collections.abc import Callable

from activities.documents import read_document
from domain import keys
from domain.errors import Conflict
from domain.ownership import Ownership
from domain.storage import ObjectStore

#: Lost compare-and-swaps before the loss is handed to the caller's slower retry.
ATTEMPTS = 5


class Owners:
    """Reads and changes it."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, application: str) -> Ownership:
        """Who owns what; :raises Untrusted: what is kept there is no such registry."""
        return self._read(application)[0]

    def change(self, application: str, change: Callable[[Ownership], Ownership]) -> Ownership:
        """Put in place what ``change`` makes of what is there; it is asked again when somebody was faster.

        Nothing is written when nothing changes. A reply that was lost is answered by the store, which reads back.
        :raises Conflict: somebody was faster each time.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._changed(application, change)
            except Conflict:
                continue
        return self._changed(application, change)

    def _changed(self, application: str, change: Callable[[Ownership], Ownership]) -> Ownership:
        current, etag = self._read(application)
        following = change(current)
        if following != current:
            self._store.replace(keys.ownership_key(application), following.model_dump_json().encode(), etag)
        return following

    def _read(self, application: str) -> tuple[Ownership, str | None]:
        key = keys.ownership_key(application)
        found, etag = read_document(self._store, key, Ownership, "a registry of owners")
        return found or Ownership(application=application), etag
