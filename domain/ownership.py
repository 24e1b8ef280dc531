"""Who owns which queue or bucket of an application: exactly one service writes it, and that one owns it.

A *claim* comes with a release, before anything of it is published. It is *firm* from the moment in which the release
configures the resource in ci, and stays so until a release of the same service that writes it no more is verified in
prod: from then on no version that writes runs anywhere, and another service may claim it. A claim whose release came
to nothing keeps its resource for the service for :data:`PENDING` after it last asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from domain.errors import ResourceRefused
from domain.resources import ResourceKind
from domain.service import ServiceDefinition

#: How long a claim holds that no release has made use of: the service tries again, or gives it up.
PENDING = timedelta(days=1)


class Resource(BaseModel):
    """One queue or bucket by the name that definitions call it by; ``fifo`` is of a queue."""

    model_config = ConfigDict(frozen=True)

    kind: ResourceKind
    name: str
    fifo: bool = False

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class Holding(BaseModel):
    """Who has a resource. ``owner`` is a role, and empty once the last owner has dropped it.

    ``since``: the release that claimed it – or, of one without an owner, the release that dropped it.
    ``release``, ``asked``: the last release that claimed it, and when.
    ``number``: the newest release that configured it; none as long as it is only claimed.
    ``former``: the services that owned it before, and may have left their mark on it.
    """

    model_config = ConfigDict(frozen=True)

    owner: str
    since: str
    release: str
    asked: datetime
    number: int | None = None
    fifo: bool = False
    former: tuple[str, ...] = ()

    def stands(self, now: datetime) -> bool:
        """Whether nobody else may have it."""
        return bool(self.owner) and (self.number is not None or now - self.asked < PENDING)

    @property
    def firm(self) -> bool:
        """Whether a release of its owner configured it: others may rely on it."""
        return bool(self.owner) and self.number is not None

    @property
    def orphaned(self) -> bool:
        """Whether it is there, and nobody's."""
        return not self.owner


class Claimant(BaseModel):
    """A release that asks, with the definition that it would run; ``at`` is when."""

    model_config = ConfigDict(frozen=True)

    release: str
    definition: ServiceDefinition
    at: datetime

    @property
    def role(self) -> str:
        """Whose release it is."""
        return self.definition.role


class Ownership(BaseModel):
    """All queues and buckets of one application that anybody ever owned; kept by compare-and-swap."""

    model_config = ConfigDict(frozen=True)

    application: str
    holdings: Mapping[ResourceKind, Mapping[str, Holding]] = Field(default_factory=dict)

    def of(self, resource: Resource) -> Holding | None:
        """Who has a resource, if anybody ever had."""
        return self.holdings.get(resource.kind, {}).get(resource.name)

    def claimed(self, by: Claimant, number: int | None = None) -> Ownership:
        """The same with everything that the claimant writes as its own, or nothing is changed.

        :param number: of a release that is about to configure it.
        :raises ResourceRefused: another service owns one of them, or a queue would change its order.
        """
        following = self
        for resource in written(by.definition):
            there = self.of(resource)
            _refuse(resource, there, by)
            following = following._with(resource, _taken(resource, there, by, number))
        return following

    def require_readable(self, by: Claimant) -> None:
        """Let pass who reads only what somebody writes – or itself will.

        :raises ResourceRefused: nobody writes one of them, or nobody yet.
        """
        own = {(each.kind, each.name) for each in written(by.definition)}
        for resource in read(by.definition):
            there = self.of(resource)
            if (resource.kind, resource.name) not in own and not (there and there.firm):
                raise ResourceRefused(_nobody_writes(resource, there, by))

    def require_owned(self, by: Claimant) -> None:
        """:raises ResourceRefused: the claimant writes what is not its own (any more)."""
        for resource in written(by.definition):
            there = self.of(resource)
            if there is None or there.owner != by.role:
                owner = f"{by.definition.application}-{there.owner}" if there and there.owner else "nobody"
                raise ResourceRefused(
                    f"{resource} is not {by.definition.service}'s: {owner} owns it\n  next: {_look(by)}"
                )

    def abandons(self, definition: ServiceDefinition) -> bool:
        """Whether a service owns what this version of it does not write."""
        return bool(self._unwritten(definition))

    def dropped(self, by: Claimant, number: int, started: datetime) -> Ownership:
        """The same once a release is verified in prod: what it does not write is nobody's from now on.

        What a newer release has configured meanwhile stays; so does what one has claimed that began later.
        :param started: when the release itself began.
        """
        following = self
        for resource, there in self._unwritten(by.definition).items():
            if there.number is None:
                if there.asked < started:
                    following = following._with(resource, None)
            elif there.number <= number:
                changes = {"owner": "", "since": by.release, "former": _once(*there.former, there.owner)}
                following = following._with(resource, there.model_copy(update=changes))
        return following

    def _unwritten(self, definition: ServiceDefinition) -> dict[Resource, Holding]:
        kept = {(each.kind, each.name) for each in written(definition)}
        return {
            resource: holding
            for resource, holding in self.all()
            if holding.owner == definition.role and (resource.kind, resource.name) not in kept
        }

    def all(self) -> Iterable[tuple[Resource, Holding]]:
        """Everything, queues first, by name."""
        for kind in ResourceKind:
            for name, holding in sorted(self.holdings.get(kind, {}).items()):
                yield Resource(kind=kind, name=name, fifo=holding.fifo), holding

    def _with(self, resource: Resource, holding: Holding | None) -> Ownership:
        others = {name: each for name, each in self.holdings.get(resource.kind, {}).items() if name != resource.name}
        of_kind = {**others, resource.name: holding} if holding else others
        return self.model_copy(update={"holdings": {**self.holdings, resource.kind: of_kind}})


def written(definition: ServiceDefinition) -> list[Resource]:
    """What a version writes and therefore owns; a queue's queue of dead letters belongs to it, and comes first."""
    queues = [each for queue in definition.writes.queues for each in (queue.dead, queue) if each]
    found = [Resource(kind=ResourceKind.QUEUE, name=queue.name, fifo=queue.fifo) for queue in queues]
    return found + [Resource(kind=ResourceKind.BUCKET, name=bucket.name) for bucket in definition.writes.buckets]


def read(definition: ServiceDefinition) -> list[Resource]:
    """What a version reads."""
    return [
        *(Resource(kind=ResourceKind.QUEUE, name=name) for name in definition.reads.queues),
        *(Resource(kind=ResourceKind.BUCKET, name=name) for name in definition.reads.buckets),
    ]


def _refuse(resource: Resource, there: Holding | None, by: Claimant) -> None:
    if there is None:
        return
    service = by.definition.service
    if there.owner != by.role and there.stands(by.at):
        owner = f"{by.definition.application}-{there.owner}"
        raise ResourceRefused(
            f"{resource} belongs to {owner}, since {there.since}: exactly one service writes a {resource.kind}, "
            f"so {service} cannot\n"
            f"  next: read it (`reads: {{{resource.kind}s: [{resource.name}]}}`), or let a release of {owner} drop it "
            f"and release {service} once that one is verified; {_look(by)}"
        )
    if there.number is not None and there.fifo != resource.fifo:
        was, becomes = ("in order", "without one") if there.fifo else ("without an order", "in order")
        raise ResourceRefused(
            f"{resource} keeps its messages {was}, for good; it cannot become one that keeps them {becomes}\n"
            "  next: give the new queue another name"
        )


def _taken(resource: Resource, there: Holding | None, by: Claimant, number: int | None) -> Holding:
    mine = there is not None and there.owner == by.role
    before = there.number if there and mine else None
    newest = max((each for each in (before, number) if each is not None), default=None)
    former = _once(*there.former, there.owner) if there and not mine else there.former if there else ()
    return Holding(
        owner=by.role,
        since=there.since if there and mine else by.release,
        release=by.release,
        asked=by.at,
        number=newest,
        fifo=resource.fifo,
        former=tuple(each for each in former if each != by.role),
    )


def _nobody_writes(resource: Resource, there: Holding | None, by: Claimant) -> str:
    application, service = by.definition.application, by.definition.service
    reading = f"{service} reads {resource}"
    if there is None or (not there.owner and there.number is None):
        return (
            f"{reading}, which nobody writes\n"
            f"  next: first release who does (`writes: {{{resource.kind}s: [{resource.name}]}}`); {_look(by)}"
        )
    if there.orphaned:
        return (
            f"{reading}, which nobody writes any more: {there.since} dropped it\n"
            f"  next: first release the service that writes it from now on; {_look(by)}"
        )
    return (
        f"{reading}, which nobody writes yet: {there.release} of {application}-{there.owner} has claimed it, "
        f"and has not reached ci\n  next: release {service} again once that one is verified; onward why {there.release}"
    )


def _look(by: Claimant) -> str:
    return f"onward owners {by.definition.application}"


def _once(*roles: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(role for role in roles if role))
