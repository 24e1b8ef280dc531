"""Changes of sizes in one environment: recorded, carried out, and waited for."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.manifest_reader import ManifestReader
from activities.own_environment import require_own
from activities.scale_records import ScaleRecords
from activities.sized_services import SizedService, SizedServices
from domain.deployment import EnvironmentEngine
from domain.environment import Environment
from domain.errors import DeployHalted, Refused
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
from domain.storage import ObjectStore


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
        self._services = SizedServices(environment, engine, scaler, manifests)
        self._records = ScaleRecords(store)

    @activity.defn
    def sizes(self, question: ScaleQuestion) -> Sizes:
        """What the services of an application have now, and the records. Only reads."""
        require_own(self._environment, question.environment)
        found = self._services.of(question.application)
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
        require_own(self._environment, request.environment)
        with Heartbeat() as progress:
            there = self._services.settled(request.service, progress)
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
            self._services.resize(there, wanted)
            self._services.until_arrived(there, wanted, progress)
        return kept.changes[0]

    @activity.defn(no_thread_cancel_exception=True)
    def mirror(self, order: MirrorOrder) -> Mirrored:
        """Give every service of an application prod's size, or what it had before; then wait for all.

        One that cannot be changed – halted, or not coming up – is named in its change and keeps no other.
        """
        require_own(self._environment, Environment.CI)
        with Heartbeat() as progress:
            services = [each.state.service for each in self._services.of(order.application)]
            found = [self._services.settled(service, progress, refuse=False) for service in services]
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
            resized = [(there, size) for there, size in asked if size is not None and not there.halted]
            for there, size in resized:
                self._services.resize(there, size)
            faults = {there.state.service.role: self._fault(there, size, progress) for there, size in resized}
        done = tuple(each.model_copy(update={"fault": each.fault or faults.get(each.role, "")}) for each in changes)
        return Mirrored(application=order.application, until=order.until, changes=done)

    def _fault(self, found: SizedService, size: Size, progress: Progress) -> str:
        try:
            self._services.until_arrived(found, size, progress)
        except (DeployHalted, Refused) as error:
            return str(error)
        return ""


def _mirror_size(found: SizedService, order: MirrorOrder) -> Size | None:
    """``None``: nothing is to be changed."""
    if order.sizes is None:
        return restored(found.definition, found.size) if found.size.own is not None else None
    prod = order.sizes.get(found.state.service.role)
    return mirrored(found.definition, found.size, prod) if prod is not None else None


def _change(found: SizedService, size: Size) -> Change:
    halted = f"halted in its update to #{found.state.number}" if found.halted else ""
    before = found.size.replicas
    return Change(
        role=found.state.service.role, before=before, replicas=before if halted else size.replicas, fault=halted
    )
