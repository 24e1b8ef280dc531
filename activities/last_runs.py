"""When the runs of jobs last ended, kept for workers to come: one object for each job."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime

from activities.documents import read_document
from domain import keys
from domain.batch import REMEMBERED, LastRuns, RunStatus
from domain.environment import Environment
from domain.errors import Untrusted
from domain.identity import ServiceId
from domain.storage import ObjectStore

log = logging.getLogger("onward.runs")

WHAT = "when runs of a job last ended"


class KeptRuns:
    """Reads and replaces it, by compare-and-swap."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def note(self, environment: Environment, service: ServiceId, status: RunStatus, at: datetime) -> None:
        """A run has ended; :raises Conflict: another one did at the same moment."""
        if status not in REMEMBERED:
            return
        key = keys.last_runs_key(environment, service)
        before, etag = read_document(self._store, key, LastRuns, WHAT)
        known = before or LastRuns(environment=environment, service=service)
        self._store.replace(key, known.ended(status, at).model_dump_json().encode(), etag)

    def of(self, environment: Environment) -> Iterator[LastRuns]:
        """Of all jobs of an environment; a record that is none is said, and holds up no other."""
        for key in self._store.keys(keys.last_runs_prefix(environment)):
            try:
                found, _ = read_document(self._store, key, LastRuns, WHAT)
            except Untrusted as error:
                log.error("%s", error)
                continue
            if found:
                yield found
