"""How many replicas a service is asked to have: by a person inside its limits, or as prod has them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import Field

from domain.environment import Environment, Scale
from domain.errors import Refused
from domain.identity import ServiceId, canonical_name
from domain.message import Message
from domain.service import Kind, ServiceDefinition


class Size(Message):
    """What a service is asked to have; ``own`` is what it goes back to after a mirror, ``None`` without one."""

    replicas: int
    own: int | None = None


class Scaler(Protocol):
    """Changes how many replicas a service has, and nothing else of it. ``Unreachable`` when it does not answer."""

    def size(self, environment: Environment, service: ServiceId) -> Size | None:
        """What Onward last asked for, or ``None`` when the service is not there."""

    def resize(self, environment: Environment, service: ServiceId, size: Size, number: int) -> None:
        """Ask for a size; one that is asked for already is left alone, so that a second call does nothing.

        :param number: the release whose limits were looked at.
        :raises Conflict: another release is asked for by now, an update is on its way, or somebody
            else wrote the service at the same moment.
        """


class Action(StrEnum):
    """Why a size was changed."""

    SCALE = "scale"
    MIRROR = "mirror"
    RESET = "reset"


class Change(Message):
    """One service's size before and after; ``fault`` says why it was left as it was."""

    role: str
    before: int
    replicas: int
    fault: str = ""


class ScaleRecord(Message):
    """Who asked for which sizes, when and why; ``until`` is when a mirror ends by itself."""

    at: datetime
    environment: Environment
    application: str
    action: Action
    by: str
    reason: str
    changes: tuple[Change, ...]
    until: datetime | None = None


class ScaleRequest(Message):
    """A size that a person asks for."""

    environment: Environment
    service: ServiceId
    replicas: int = Field(ge=0)
    by: str
    reason: str = Field(min_length=1)


class ScaleOrder(Message):
    """The same as a workflow hands it on: ``at`` and ``run`` make every attempt write one record."""

    request: ScaleRequest
    at: datetime
    run: str


class Sizing(Message):
    """One service as ``onward scale`` shows it; ``mirrored`` while it has prod's size."""

    role: str
    number: int
    replicas: int
    healthy: int
    limits: Scale
    mirrored: bool = False


class ScaleQuestion(Message):
    """The sizes of an application's services in one environment, and how they came about."""

    environment: Environment
    application: str


class Sizes(Message):
    """The services by role, and the records, the newest first."""

    services: tuple[Sizing, ...]
    records: tuple[ScaleRecord, ...]


def scaled(definition: ServiceDefinition, request: ScaleRequest, size: Size, number: int) -> Size:
    """The size that a person may have.

    :param definition: of release ``number``, which the environment was asked to run.
    :raises Refused: outside of its limits, no replicas at all, or a mirror is on.
    """
    environment, service = request.environment, request.service
    name, limits = canonical_name(environment, service), definition.scale.of(environment)
    if definition.kind is not Kind.SERVICE:
        raise Refused(f"{name} is a {definition.kind}: only what is of kind service has replicas to scale")
    if size.own is not None:
        text = (
            f"{name} mirrors prod's size\n  next: onward scale {environment} {service.application} --reset --reason …"
        )
        raise Refused(text)
    if not limits.min <= request.replicas <= limits.max:
        raise Refused(
            f"{name} may have {_span(limits)} (scale.{environment} of release #{number}), not {request.replicas}\n"
            f"  next: a number inside of the limits, or a release with other limits in service.yaml"
        )
    return Size(replicas=request.replicas)


def mirrored(definition: ServiceDefinition, size: Size, prod: int) -> Size:
    """A service of ci at prod's size: prod's limits hold, not those of ci."""
    own = size.replicas if size.own is None else size.own
    return Size(replicas=definition.scale.prod.clamp(prod), own=own)


def restored(definition: ServiceDefinition, size: Size) -> Size:
    """A service of ci after a mirror: what it had before, inside of the limits that it has now."""
    return size if size.own is None else Size(replicas=definition.scale.ci.clamp(size.own))


def kept(definition: ServiceDefinition, environment: Environment, size: Size | None) -> Size:
    """The size with which a deploy goes on: what was asked for, inside of the new definition's limits."""
    limits = definition.scale.of(environment)
    if size is None or size.own is None:
        return Size(replicas=limits.clamp(size.replicas if size else None))
    return Size(replicas=definition.scale.prod.clamp(size.replicas), own=limits.clamp(size.own))


def _span(limits: Scale) -> str:
    if limits.min == limits.max:
        return f"{limits.min} replica{'' if limits.min == 1 else 's'} and no other number"
    return f"{limits.min} to {limits.max} replicas"
