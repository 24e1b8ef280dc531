"""What a duty writes, its key may write, and that of another environment may not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase

import pytest

from domain import keys
from domain.environment import ENVIRONMENTS, Environment
from domain.identity import ServiceId, duty_of
from stack.credentials import actions
from stack.servers import BUCKET

CART = ServiceId(application="shop", role="cart")
WRITTEN: dict[str, Callable[[Environment], str]] = {
    "what was seen": keys.seen_key,
    "how a migration ended": lambda environment: keys.migration_key(environment, CART, 7),
    "when runs ended": lambda environment: keys.last_runs_key(environment, CART),
    "a size": lambda environment: keys.scale_key(environment, "shop", datetime(2026, 1, 1, tzinfo=UTC), "run"),
}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
@pytest.mark.parametrize("what", WRITTEN)
def test_an_environments_own_record_is_written_by_its_duty_and_no_other(what: str, environment: Environment) -> None:
    wanted = f"Write:{BUCKET}/{WRITTEN[what](environment)}"
    may = {
        duty
        for duty, patterns in actions("abc", BUCKET).items()
        if any(fnmatchcase(wanted, pattern) for pattern in patterns)
    }
    assert may == {duty_of(environment)}
