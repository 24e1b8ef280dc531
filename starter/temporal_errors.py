"""What Temporal itself answers, in Onward's words: by gRPC status, who must do what."""

from __future__ import annotations

from temporalio.service import RPCError, RPCStatusCode

from domain.errors import InvalidInput, NotFound, OnwardError, Refused, Unreachable

SERVER = "Temporal"

#: No answer, or one that says "not now".
_AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
    }
)
_DENIED = frozenset({RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED})


def is_away(error: RPCError) -> bool:
    """Whether asking again later can help."""
    return error.status in _AWAY


def translated(error: RPCError, address: str) -> OnwardError:
    """The error of the domain that a call's status means; what is none of ours keeps its status in the text."""
    where, said = f"{SERVER} at {address}", error.message.strip()
    if is_away(error):
        return Unreachable(SERVER, address, f"{error.status.name.lower()}: {said}")
    if error.status in _DENIED:
        expected = "the API key or client certificate of somebody who may, by a profile or the environment"
        return Refused(f"{where} does not allow it: {said}\n  expected: {expected} (TEMPORAL_PROFILE)")
    if error.status is RPCStatusCode.INVALID_ARGUMENT and "search attribute" in said.lower():
        expected = "the search attributes of releases and roll-forwards, registered once in each namespace"
        return InvalidInput(said, where=where, expected=expected, next="sh deploy/search-attributes.sh")
    if error.status is RPCStatusCode.INVALID_ARGUMENT:
        return InvalidInput(said, where=where)
    if error.status is RPCStatusCode.NOT_FOUND:
        return NotFound(f"{where}: {said}")
    return OnwardError(f"{where} answers {error.status.name.lower()}: {said}")
