"""Releases and the gates of their applications, through Temporal itself; needs no other key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from domain.gate_messages import GATE, GateState, Join, Leave, Resume
from domain.gate_view import GateView
from domain.identity import Duty, candidate_key, gate_id, parse_gate_id, task_queue
from domain.message import Message
from domain.regression_steps import Leftovers
from domain.release import Stage

#: From the regression on a release is known to its gate, until it ends.
AT_A_GATE = list(Stage)[list(Stage).index(Stage.REGRESSION) :]

QUERY_TIMEOUT = timedelta(seconds=5)


class Swept(Message):
    """What a sweep of the gates did."""

    left: int = 0
    introduced: int = 0


class GateActivities:
    """Starts gates on demand, and helps both sides when the other one died without a word.

    :param client: of the namespace that the workflows run in.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn
    async def join(self, message: Join) -> None:
        """Put a candidate into the queue of its application; the gate is started if it is not there.

        A second call changes nothing: the gate knows its candidates by their keys.
        """
        await self._say(message.application, "join", message)

    @activity.defn
    async def resume(self, message: Resume) -> None:
        """Have a published release wait for its turn at a gate that does not know it. Idempotent too."""
        await self._say(message.application, "resume", message)

    @activity.defn
    async def sweep_gates(self) -> Swept:
        """Take releases that are over out of the gates; send those that no gate knows to theirs.

        A release that ends by itself says so; this is for the terminated ones, and for those whose
        gate was. Everything it does can be done twice.
        """
        left = introduced = 0
        known: set[tuple[str, str]] = set()
        async for gate in self._client.list_workflows(f"WorkflowType = '{GATE}' AND ExecutionStatus = 'Running'"):
            try:
                view = await self._view(parse_gate_id(gate.id))
            except (RPCError, WorkflowQueryFailedError) as error:
                activity.logger.warning("%s does not answer: %s", gate.id, error)
                continue
            known |= set(view.runs)
            for release, run in view.runs:
                if await self._is_over(release, run):
                    await self._say(view.application, "leave", Leave(key=candidate_key(release, run)))
                    left += 1
        async for release, run in self._at_a_gate():
            if (release, run) not in known:
                await self._introduce(release, run)
                introduced += 1
        return Swept(left=left, introduced=introduced)

    @activity.defn
    async def abandoned(self, found: Leftovers) -> Leftovers:
        """Of some slices those whose regression is over."""
        over = [each for each in found.slices if await self._is_over(each.owner.regression, each.owner.run)]
        return Leftovers(slices=tuple(over))

    async def _say(self, application: str, signal: str, message: Message) -> None:
        await self._client.start_workflow(
            GATE,
            GateState(application=application),
            id=gate_id(application),
            task_queue=task_queue(Duty.ORCHESTRATE),
            start_signal=signal,
            start_signal_args=[message],
            static_summary=f"the gate of {application}",
        )

    async def _view(self, application: str) -> GateView:
        view: GateView = await self._client.get_workflow_handle(gate_id(application)).query(
            "view", result_type=GateView, rpc_timeout=QUERY_TIMEOUT
        )
        return view

    async def _at_a_gate(self) -> AsyncIterator[tuple[str, str]]:
        """The running releases in a stage in which a gate should know them."""
        stages = ", ".join(f"'{stage}'" for stage in AT_A_GATE)
        running = "WorkflowType = 'Release' AND ExecutionStatus = 'Running'"
        async for found in self._client.list_workflows(f"{running} AND OnwardStage IN ({stages})"):
            yield found.id, found.run_id

    async def _introduce(self, release: str, run: str) -> None:
        try:
            await self._client.get_workflow_handle(release, run_id=run).signal("introduce")
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def _is_over(self, workflow: str, run: str) -> bool:
        try:
            described = await self._client.get_workflow_handle(workflow, run_id=run).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return True
            raise
        return described.status is not WorkflowExecutionStatus.RUNNING
