"""When runs of a job last ended outlives the worker that saw it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from activities.last_runs import KeptRuns
from domain import keys
from domain.batch import LastRuns, RunStatus
from domain.environment import Environment
from domain.errors import Untrusted
from domain.identity import ServiceId
from tests.fakes.stores import MemoryObjectStore

REPORT, AUDIT = (ServiceId(application="shop", role=role) for role in ("report", "audit"))
PROD = Environment.PROD


def at(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def test_the_last_of_each_outcome_is_kept_for_each_job() -> None:
    store = MemoryObjectStore()
    kept = KeptRuns(store)
    for second, status in ((1, RunStatus.FAILED), (2, RunStatus.SUCCEEDED), (3, RunStatus.FAILED)):
        kept.note(PROD, REPORT, status, at(second))
    kept.note(PROD, AUDIT, RunStatus.SUCCEEDED, at(4))
    kept.note(Environment.CI, REPORT, RunStatus.FAILED, at(5))

    assert sorted(KeptRuns(store).of(PROD), key=lambda each: each.service.role) == [
        LastRuns(environment=PROD, service=AUDIT, succeeded=at(4)),
        LastRuns(environment=PROD, service=REPORT, succeeded=at(2), failed=at(3)),
    ]


def test_a_cancelled_run_is_nobodys_failure() -> None:
    kept = KeptRuns(MemoryObjectStore())
    kept.note(PROD, REPORT, RunStatus.CANCELLED, at(1))
    assert list(kept.of(PROD)) == []


def test_what_is_no_such_record_is_named_and_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryObjectStore()
    store.put(keys.last_runs_key(PROD, AUDIT), b"{}")
    KeptRuns(store).note(PROD, REPORT, RunStatus.FAILED, at(1))
    assert [each.service for each in KeptRuns(store).of(PROD)] == [REPORT]
    assert "runs/prod/shop-audit.json is not when runs of a job last ended" in caplog.text
    with pytest.raises(Untrusted):
        KeptRuns(store).note(PROD, AUDIT, RunStatus.FAILED, at(1))


def test_of_a_cancelled_run_nothing_is_asked_of_a_store_that_is_away() -> None:
    store = MemoryObjectStore()
    store.gone = True
    KeptRuns(store).note(PROD, REPORT, RunStatus.CANCELLED, at(1))
