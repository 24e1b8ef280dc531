"""What the status of a call of Temporal means to a person: the exit code, and what to do."""

from __future__ import annotations

import pytest
from temporalio.service import RPCError, RPCStatusCode

from starter.output import exit_code_of
from starter.temporal_errors import is_away, translated

AWAY = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "RESOURCE_EXHAUSTED")
CODES = {
    **dict.fromkeys(AWAY, 3),
    **dict.fromkeys(("PERMISSION_DENIED", "UNAUTHENTICATED"), 4),
    **dict.fromkeys(("INVALID_ARGUMENT", "NOT_FOUND"), 2),
    **dict.fromkeys(("INTERNAL", "UNKNOWN", "UNIMPLEMENTED", "DATA_LOSS", "ABORTED", "OUT_OF_RANGE"), 1),
    **dict.fromkeys(("FAILED_PRECONDITION", "ALREADY_EXISTS"), 1),
}


def said(status: str, message: str = "the server's words") -> RPCError:
    return RPCError(message, RPCStatusCode[status], b"")


def test_every_status_is_thought_of() -> None:
    assert set(CODES) == {status.name for status in RPCStatusCode} - {"OK"}


@pytest.mark.parametrize("status", CODES)
def test_the_status_decides_the_exit_code(status: str) -> None:
    error = translated(said(status), "temporal.test:7233")

    assert exit_code_of(error) == CODES[status]
    assert "Temporal at temporal.test:7233" in str(error)
    assert "the server's words" in str(error)


@pytest.mark.parametrize("status", CODES)
def test_only_who_is_away_is_waited_for(status: str) -> None:
    assert is_away(said(status)) == (status in AWAY)


def test_missing_search_attributes_come_with_the_command_that_registers_them() -> None:
    error = translated(said("INVALID_ARGUMENT", "Namespace default has no mapping defined for search attribute X"), "t")

    assert "next: sh deploy/search-attributes.sh" in str(error)


def test_who_may_not_is_told_where_keys_come_from() -> None:
    assert "TEMPORAL_PROFILE" in str(translated(said("UNAUTHENTICATED"), "t"))
