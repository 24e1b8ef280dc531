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


def with_removed(running: Sequence[ServiceState], seen: Seen) -> list[ServiceState]:
    """What runs, and what was seen before and is not there any more, by name."""
    there = {state.name for state in running}
    gone = [_removed(state) for name, state in seen.services.items() if name not in there]
    return sorted([*running, *gone], key=lambda state: state.name)


def seen_of(states: Sequence[ServiceState]) -> Seen:
    """What to remember of them. A name that is there again counts as it is now."""
    return Seen(services={state.name: state.model_copy(update={"tasks": ()}) for state in states})


def drifted(states: Sequence[ServiceState]) -> tuple[Drifted, ...]:
    """Those that are not as they were asked for."""
    return tuple(Drifted(name=state.name, drift=state.drift) for state in states if state.drift)


def _removed(state: ServiceState) -> ServiceState:
    return state.model_copy(update={"drift": (REMOVED,), "update": UpdateState.NONE, "tasks": ()})
