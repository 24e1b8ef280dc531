"""Why a release must not write or cannot read a queue or bucket: each text names the owner and the way on."""

from __future__ import annotations

from domain.errors import ResourceRefused
from domain.holding import Claimant, Holding, Resource


def refuse_foreign(resource: Resource, there: Holding | None, by: Claimant) -> None:
    """:raises ResourceRefused: another service has the resource, or a queue would change its order."""
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


def refuse_unread(resource: Resource, there: Holding | None, by: Claimant) -> None:
    """:raises ResourceRefused: nobody writes what the claimant reads, or nobody yet."""
    if not (there and there.firm):
        raise ResourceRefused(_nobody_writes(resource, there, by))


def refuse_lost(resource: Resource, there: Holding | None, by: Claimant) -> None:
    """:raises ResourceRefused: the claimant writes what is not its own (any more)."""
    if there is None or there.owner != by.role:
        owner = f"{by.definition.application}-{there.owner}" if there and there.owner else "nobody"
        raise ResourceRefused(f"{resource} is not {by.definition.service}'s: {owner} owns it\n  next: {_look(by)}")


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
