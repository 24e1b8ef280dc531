"""What is in an environment and not as Onward asked for it: somebody changed it by hand, or removed it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from domain.deployment import ServiceState, UpdateState
from domain.environment import Environment
from domain.message import Message

#: What is said of a service that is gone: Onward itself never removes one.
REMOVED = "the service was removed"


class Seen(Message):
    """By canonical name, each service of an environment as it was seen last, without its tasks."""

    services: dict[str, ServiceState] = Field(default_factory=dict)


class DriftCheck(Message):
    """Which environment is looked at."""

    environment: Environment


class Drifted(Message):
    """A service that differs from what was asked for, and in what."""

    name: str
    drift: tuple[str, ...]


class Drifts(Message):
    """Of one environment, by name; ``fault`` says why it could not be looked at."""

    environment: Environment
    services: tuple[Drifted, ...] = ()
    fault: str = ""


def compared(seen: Seen, running: Sequence[ServiceState]) -> list[ServiceState]:
    """What runs, and what was seen before and is not there any more, by name.

    :param running: looked at after ``seen`` was read: a release that came since is newer than what was seen.
    """
    there = {state.name for state in running}
    gone = [_removed(state) for name, state in seen.services.items() if name not in there]
    return sorted([*(_put_back(state, seen) for state in running), *gone], key=lambda state: state.name)


def seen_of(states: Sequence[ServiceState], before: Seen) -> Seen:
    """What to remember of them. A name that is there again counts as it is now, unless it was put back."""
    kept = {state.name: state.model_copy(update={"tasks": ()}) for state in states}
    for name, known in before.services.items():
        if name in kept and known.number > kept[name].number:
            kept[name] = known.model_copy(update={"drift": kept[name].drift})
    return Seen(services=kept)


def drifted(states: Sequence[ServiceState]) -> tuple[Drifted, ...]:
    """Those that are not as they were asked for."""
    return tuple(Drifted(name=state.name, drift=state.drift) for state in states if state.drift)


def _put_back(state: ServiceState, seen: Seen) -> ServiceState:
    """A service whose earlier specification somebody restored says itself that all is as it was asked for."""
    known = seen.services.get(state.name)
    if known is None or known.number <= state.number:
        return state
    return state.model_copy(update={"drift": (f"put back to #{state.number} from #{known.number}", *state.drift)})


def _removed(state: ServiceState) -> ServiceState:
    return state.model_copy(update={"drift": (REMOVED,), "update": UpdateState.NONE, "tasks": ()})
