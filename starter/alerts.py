"""What becomes of alerts: each that fires for a release in prod which has ended opens a roll-forward."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from domain.alert import Alert, Delivery, Ignored, firing_in_prod, reported, why_ignored
from domain.deployment import ServiceState
from domain.environment import Environment
from domain.identity import Duty
from domain.lookups import DeployedRequest, ManifestRequest
from domain.manifest import read_manifest
from domain.message import Message
from domain.workflow_ids import task_queue
from starter.lookups import ask
from workflows.lookups import DeployedWorkflow, ManifestWorkflow
from workflows.report import ReportWorkflow

log = logging.getLogger("onward.listen")

#: The services of an application in prod.
Deployed = Callable[[str], Awaitable[Sequence[ServiceState]]]
#: Whether a release, by its ID, is still on its way.
Running = Callable[[str], Awaitable[bool]]
#: Opens a roll-forward, or finds the one that is open; its ID. The same alert twice is one.
Opens = Callable[[ServiceState, Alert], Awaitable[str]]


class Opened(Message):
    """An alert, and the roll-forward that it belongs to."""

    alert: str
    roll_forward: str


class Heard(Message):
    """What became of each alert of a delivery."""

    opened: tuple[Opened, ...] = ()
    ignored: tuple[Ignored, ...] = ()


class Alerts:
    """Judges deliveries; the same one twice changes nothing, as ``opens`` opens once."""

    def __init__(self, deployed: Deployed, running: Running, opens: Opens) -> None:
        self._deployed = deployed
        self._running = running
        self._opens = opens

    async def hear(self, delivery: Delivery) -> Heard:
        """Open what must be opened. :raises Unreachable: who must answer does not; try all of it again."""
        firing, passed_over = firing_in_prod(delivery)
        there = {each: await self._deployed(each) for each in sorted({alert.service.application for alert in firing})}
        opened: list[Opened] = []
        ignored = list(passed_over)
        for alert in firing:
            service = alert.service
            state = next((one for one in there[service.application] if one.service == service), None)
            why = why_ignored(alert, state, running=state is not None and await self._running(state.release))
            if state is None or why:
                ignored.append(Ignored(alert=alert.name, why=why or ""))
            else:
                opened.append(Opened(alert=alert.name, roll_forward=await self._opens(state, alert)))
        for one in ignored:
            log.info("%s is ignored: %s", one.alert, one.why)
        for each in opened:
            log.info("%s belongs to %s", each.alert, each.roll_forward)
        return Heard(opened=tuple(opened), ignored=tuple(ignored))


def alerts_of(client: Client) -> Alerts:
    """Alerts judged by what prod's own worker and Temporal say."""

    async def opens(state: ServiceState, alert: Alert) -> str:
        found = await ask(client, ManifestWorkflow.run, ManifestRequest(digest=state.manifest), "manifest-for-alert")
        manifest = read_manifest(found.document.encode())
        failed = reported(alert, state, manifest)
        opened = await client.execute_workflow(
            ReportWorkflow.run,
            failed,
            id=failed.run,
            task_queue=task_queue(Duty.ORCHESTRATE),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )
        return opened.roll_forward

    async def deployed(application: str) -> Sequence[ServiceState]:
        question = DeployedRequest(environment=Environment.PROD, application=application)
        return (await ask(client, DeployedWorkflow.run, question, "deployed-for-alert")).services

    async def running(release: str) -> bool:
        try:
            described = await client.get_workflow_handle(release).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:  # it ended so long ago that Temporal has forgotten it
                return False
            raise
        return described.status is WorkflowExecutionStatus.RUNNING

    return Alerts(deployed, running, opens)
