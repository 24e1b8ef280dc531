"""Changes of sizes in one environment: recorded, carried out, and waited for."""

from __future__ import annotations

import time
from dataclasses import dataclass

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.manifest_reader import ManifestReader
from activities.scale_records import ScaleRecords
from domain.deployment import EnvironmentEngine, ServiceState, UpdateState
from domain.environment import Environment
from domain.errors import DeployHalted, InvalidInput, NotFound, Refused
from domain.identity import ServiceId, canonical_name
from domain.mirror import Mirrored, MirrorOrder
from domain.progress import Progress
from domain.scale import (
    Action,
    Change,
    ScaleOrder,
    ScaleQuestion,
    Scaler,
    ScaleRecord,
    Size,
    Sizes,
    Sizing,
    mirrored,
    restored,
    scaled,
)
from domain.service import Kind, ServiceDefinition
from domain.storage import ObjectStore

POLL = 0.25

#: Seconds that a change of size waits for the end of an update that is on its way.
PATIENCE = 600.0


@dataclass(frozen=True)
class _There:
    """A service, the definition of the release that was asked for, and the size that it was asked to have."""

    state: ServiceState
    definition: ServiceDefinition
    size: Size


class ScaleActivities:
    """Holds one environment's engine of what has replicas.

    A change is recorded before it is asked for, once however often it is tried; a size that is asked
    for already is not asked for again; the rest is waiting. So a second attempt after a SIGKILL goes on
    where the first one was.
    """

    def __init__(
        self,
        environment: Environment,
        engine: EnvironmentEngine,
        scaler: Scaler,
        manifests: ManifestReader,
        store: ObjectStore,
    ) -> None:
        self._environment = environment
        self._engine = engine
        self._scaler = scaler
        self._manifests = manifests
        self._records = ScaleRecords(store)

    @activity.defn
    def sizes(self, question: ScaleQuestion) -> Sizes:
        """What the services of an application have now, and the records. Only reads."""
        self._require_mine(question.environment)
        found = [self._there(state) for state in self._of(question.application)]
        services = tuple(
            Sizing(
                role=each.state.service.role,
                number=each.state.number,
                replicas=each.size.replicas,
                healthy=each.state.healthy,
                limits=each.definition.scale.of(self._environment),
                mirrored=each.size.own is not None,
            )
            for each in found
        )
        return Sizes(services=services, records=tuple(self._records.newest(self._environment, question.application)))

    @activity.defn(no_thread_cancel_exception=True)
    def scale(self, order: ScaleOrder) -> Change:
        """Give a service the size that a person asks for, and wait until so many serve.

        :raises Refused: outside of the deployed definition's limits, during a mirror, or over a halted update.
        :raises DeployHalted: not all serve within ``deploy.timeout``; the size stays asked for.
        """
        request = order.request
        self._require_mine(request.environment)
        with Heartbeat() as progress:
            there = self._settled(request.service, progress)
            wanted = scaled(there.definition, request, there.size, there.state.number)
            change = Change(role=request.service.role, before=there.size.replicas, replicas=wanted.replicas)
            record = ScaleRecord(
                at=order.at,
                environment=request.environment,
                application=request.service.application,
                action=Action.SCALE,
                by=request.by,
                reason=request.reason,
                changes=(change,),
            )
            kept = self._records.write(record, order.run)
            self._scaler.resize(self._environment, request.service, wanted, there.state.number)
            self._arrived(there, wanted, progress)
        return kept.changes[0]

    @activity.defn(no_thread_cancel_exception=True)
    def mirror(self, order: MirrorOrder) -> Mirrored:
        """Give every service of an application prod's size, or what it had before; then wait for all.

        One that cannot be changed – halted, or not coming up – is named in its change and keeps no other.
        """
        self._require_mine(Environment.CI)
        with Heartbeat() as progress:
            found = [self._settled(state.service, progress, refuse=False) for state in self._of(order.application)]
            asked = [(there, _mirror_size(there, order)) for there in found]
            changes = [_change(there, size) for there, size in asked if size is not None]
            action = Action.RESET if order.sizes is None else Action.MIRROR
            record = ScaleRecord(
                at=order.at,
                environment=self._environment,
                application=order.application,
                action=action,
                by=order.by,
                reason=order.reason,
                changes=tuple(changes),
                until=order.until,
            )
            changes = list(self._records.write(record, order.run).changes)
            resized = [(there, size) for there, size in asked if size is not None and not _halted(there.state)]
            for there, size in resized:
                self._scaler.resize(self._environment, there.state.service, size, there.state.number)
            faults = {there.state.service.role: self._fault(there, size, progress) for there, size in resized}
        done = tuple(each.model_copy(update={"fault": each.fault or faults.get(each.role, "")}) for each in changes)
        return Mirrored(application=order.application, until=order.until, changes=done)

    def _require_mine(self, environment: Environment) -> None:
        if environment is not self._environment:
            raise InvalidInput(f"this worker serves {self._environment}, not {environment}")

    def _of(self, application: str) -> list[ServiceState]:
        """What has replicas, by name."""
        return [
            state
            for state in self._engine.running(self._environment)
            if state.service.application == application and self._definition(state).kind is Kind.SERVICE
        ]

    def _definition(self, state: ServiceState) -> ServiceDefinition:
        return self._manifests.read_digest(state.manifest).definition

    def _there(self, state: ServiceState) -> _There:
        size = self._scaler.size(self._environment, state.service)
        return _There(state, self._definition(state), size or Size(replicas=state.replicas))

    def _settled(self, service: ServiceId, progress: Progress, *, refuse: bool = True) -> _There:
        """The service between two updates. A write over a halted one would let it go on, so that it is refused."""
        name = canonical_name(self._environment, service)
        deadline = time.monotonic() + PATIENCE
        while True:
            state = self._engine.observe(self._environment, service)
            if state is None:
                raise NotFound(f"{name} is not deployed\n  next: onward deployed --environment {self._environment}")
            if refuse and _halted(state):
                raise Refused(f"{name} is halted in its update to #{state.number}\n  next: onward why {service}")
            if state.update is not UpdateState.UPDATING:
                return self._there(state)
            if time.monotonic() > deadline:
                raise Refused(f"{name} is still being updated to #{state.number}\n  next: onward why {service}")
            progress.say(f"{name} is being updated to #{state.number}")
            progress.wait(POLL)

    def _arrived(self, there: _There, size: Size, progress: Progress) -> None:
        service, timeout = there.state.service, there.definition.deploy.timeout.total_seconds()
        deadline = time.monotonic() + timeout
        while True:
            state = self._engine.observe(self._environment, service)
            if state is None or state.number != there.state.number or state.replicas != size.replicas:
                return  # a later deploy, or a person, has taken over
            if state.healthy == size.replicas:
                return
            if time.monotonic() > deadline:
                reason = f": {state.failures[-1].error}" if state.failures else ""
                raise DeployHalted(
                    f"{state.name}: {state.healthy} of {size.replicas} replicas serve after {timeout:.0f} s{reason}"
                )
            progress.say(f"{state.name}: {state.healthy} of {size.replicas} replicas serve")
            progress.wait(POLL)

    def _fault(self, there: _There, size: Size, progress: Progress) -> str:
        try:
            self._arrived(there, size, progress)
        except DeployHalted as error:
            return str(error)
        return ""


def _mirror_size(there: _There, order: MirrorOrder) -> Size | None:
    """``None``: nothing is to be changed."""
    if order.sizes is None:
        return restored(there.definition, there.size) if there.size.own is not None else None
    prod = order.sizes.get(there.state.service.role)
    return mirrored(there.definition, there.size, prod) if prod is not None else None


def _change(there: _There, size: Size) -> Change:
    halted = f"halted in its update to #{there.state.number}" if _halted(there.state) else ""
    before = there.size.replicas
    return Change(
        role=there.state.service.role, before=before, replicas=before if halted else size.replicas, fault=halted
    )


def _halted(state: ServiceState) -> bool:
    return state.update is UpdateState.PAUSED
