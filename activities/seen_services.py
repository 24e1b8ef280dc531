"""What was seen in an environment: one object, by which a service that was removed is missed."""

from __future__ import annotations

from activities.documents import read_document
from domain import keys
from domain.drift import Seen
from domain.environment import Environment
from domain.storage import ObjectStore


class SeenServices:
    """Reads and replaces it, by compare-and-swap."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, environment: Environment) -> tuple[Seen, str | None]:
        """What was seen, nothing if nobody looked yet; and the tag that :meth:`replace` wants.

        :raises Untrusted: what is kept there is nothing that a check has seen.
        """
        found, etag = read_document(self._store, keys.seen_key(environment), Seen, "what a check for drift saw")
        return found or Seen(), etag

    def replace(self, environment: Environment, seen: Seen, etag: str | None) -> None:
        """Put it in the place of what was read; ``Conflict`` when another check was first."""
        self._store.replace(keys.seen_key(environment), seen.model_dump_json().encode(), etag)
