"""Who changed which size, when and why: one object for each change, written once."""

from __future__ import annotations

from domain import keys
from domain.environment import Environment
from domain.scale import ScaleRecord
from domain.storage import ObjectStore

#: How many records a person is shown.
SHOWN = 50


class ScaleRecords:
    """Append-only: no record is ever written over."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def write(self, record: ScaleRecord, run: str) -> ScaleRecord:
        """Keep a record, and give what is kept: an earlier attempt of the same run saw the sizes before."""
        key = keys.scale_key(record.environment, record.application, record.at, run)
        found = self._store.read(key)
        if found is not None:
            return ScaleRecord.model_validate_json(found.content)
        self._store.create(key, record.model_dump_json().encode())
        return record

    def newest(self, environment: Environment, application: str) -> list[ScaleRecord]:
        """The last :data:`SHOWN` records, the newest first."""
        found = list(self._store.keys(keys.scale_prefix(environment, application)))[-SHOWN:]
        return [ScaleRecord.model_validate_json(self._store.get(key)) for key in reversed(found)]
