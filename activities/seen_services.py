"""What was seen in an environment: one object, by which a service that was removed is missed."""

from __future__ import annotations

from domain import keys
from domain.drift import Seen
from domain.environment import Environment
from domain.storage import ObjectStore


class SeenServices:
    """Reads and replaces it, by compare-and-swap."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def read(self, environment: Environment) -> tuple[Seen, str | None]:
        """What was seen, nothing if nobody looked yet; and the tag that :meth:`replace` wants."""
        found = self._store.read(keys.seen_key(environment))
        return (Seen.model_validate_json(found.content), found.etag) if found else (Seen(), None)

    def replace(self, environment: Environment, seen: Seen, etag: str | None) -> None:
        """Put it in the place of what was read; ``Conflict`` when another check was first."""
        self._store.replace(keys.seen_key(environment), seen.model_dump_json().encode(), etag)
