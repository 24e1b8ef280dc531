"""Who owns which queue or bucket of an application: exactly one service writes it, and that one owns it.

A *claim* comes with a release, before anything of it is published. It is *firm* from the moment in which the release
configures the resource in ci, and stays so until a release of the same service that writes it no more is verified in
prod: from then on no version that writes runs anywhere, and another service may claim it. A claim whose release came
to nothing keeps its resource for the service for :data:`domain.holding.PENDING` after it last asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from domain.holding import Claimant, Holding, Resource, read, written
from domain.ownership_refusals import refuse_foreign, refuse_lost, refuse_unread
from domain.resources import ResourceKind
from domain.service import ServiceDefinition


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
            refuse_foreign(resource, there, by)
            following = following._with(resource, _taken(resource, there, by, number))
        return following

    def require_readable(self, by: Claimant) -> None:
        """Let pass who reads only what somebody writes – or itself will.

        :raises ResourceRefused: nobody writes one of them, or nobody yet.
        """
        own = {(each.kind, each.name) for each in written(by.definition)}
        for resource in read(by.definition):
            if (resource.kind, resource.name) not in own:
                refuse_unread(resource, self.of(resource), by)

    def require_owned(self, by: Claimant) -> None:
        """:raises ResourceRefused: the claimant writes what is not its own (any more)."""
        for resource in written(by.definition):
            refuse_lost(resource, self.of(resource), by)

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


def _once(*roles: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(role for role in roles if role))
