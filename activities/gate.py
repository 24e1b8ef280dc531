"""Releases and the gates of their applications, through Temporal itself; needs no other key."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from temporalio import activity
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowQueryFailedError,
)
from temporalio.common import SearchAttributeKey, WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from activities.beating import beating
from domain.gate import BY_HAND
from domain.gate_messages import GATE, Freeze, Frozen, GateState, Join, Leave, Resume, Unfreeze
from domain.gate_view import GateView
from domain.identity import Duty
from domain.message import Message
from domain.regression_steps import Leftovers
from domain.release import ReleaseStatus, Stage
from domain.slices import SliceOwner
from domain.sweep import Swept
from domain.workflow_ids import candidate_key, gate_id, parse_gate_id, parse_release_id, roll_forward_id, task_queue

#: From the regression on a release is known to its gate, until it ends.
AT_A_GATE = list(Stage)[list(Stage).index(Stage.REGRESSION) :]

QUERY_TIMEOUT = timedelta(seconds=5)

#: The time that activities of a workflow that is over have to hear of it, with their next heartbeat, and to stop: twice
#: the heartbeat timeout, of which heartbeats take 0.8.
STOPPED_WITHIN = timedelta(seconds=6)

STAGE = SearchAttributeKey.for_keyword("OnwardStage")
STATUS = SearchAttributeKey.for_keyword("OnwardStatus")
NUMBER = SearchAttributeKey.for_int("OnwardNumber")


class _End(NamedTuple):
    """How a workflow has ended, and when; a release ``well``, or in this stage, published under a number or not."""

    well: bool
    at: datetime
    stage: str = ""
    number: int = 0
    roll_forward: str = ""


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
    async def freeze(self, message: Freeze) -> Frozen:
        """Hold an application's turns in the name of a roll-forward. Idempotent by its holder."""
        return await self._ask(message.application, "freeze", message)

    @activity.defn
    async def unfreeze(self, message: Unfreeze) -> Frozen:
        """Let go. Idempotent, too."""
        return await self._ask(message.application, "unfreeze", message)

    @activity.defn
    async def sweep_gates(self) -> Swept:
        """Take releases that are over out of the gates; send those that no gate knows to theirs.

        A release that ends by itself says so; this is for the terminated ones, and for those whose
        gate was. Everything it does can be done twice.
        """
        async with beating():
            return await self._swept()

    @activity.defn
    async def abandoned(self, found: Leftovers) -> Leftovers:
        """Of some slices those whose regression is over, and has nothing at work in them any more."""
        async with beating():
            over = [each for each in found.slices if await self._is_over(each.owner)]
        return Leftovers(slices=tuple(over))

    async def _swept(self) -> Swept:
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
                ended = await self._ended(release, run)
                if ended is not None:
                    await self._say(view.application, "leave", _leave(release, run, ended))
                    left += 1
            for holder in [each for each in view.frozen if each != BY_HAND]:
                if await self._is_completed(holder):
                    await self.unfreeze(Unfreeze(application=view.application, holder=holder))
        async for release, run in self._at_a_gate():
            if (release, run) not in known:
                await self._introduce(release, run)
                introduced += 1
        return Swept(left=left, introduced=introduced)

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

    async def _ended(self, workflow: str, run: str | None = None) -> _End | None:
        """How a workflow has ended, as far as the server knows; ``None`` while it runs.

        One that was reset goes on in another run, which asks a gate itself.
        """
        try:
            described = await self._client.get_workflow_handle(workflow, run_id=run).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return _End(well=True, at=datetime.min.replace(tzinfo=UTC))
            raise
        if described.status is WorkflowExecutionStatus.RUNNING:
            return None
        known = described.typed_search_attributes
        reset = bool(described.raw_description.workflow_extended_info.reset_run_id)
        return _End(
            well=reset or known.get(STATUS) in (ReleaseStatus.VERIFIED, ReleaseStatus.SUPERSEDED),
            at=described.close_time or datetime.now(UTC),
            stage=known.get(STAGE) or "",
            number=known.get(NUMBER) or 0,
            roll_forward=str(await described.memo_value("roll_forward", "") or ""),
        )

    async def _is_over(self, owner: SliceOwner) -> bool:
        ended = await self._ended(owner.regression, owner.run)
        return ended is not None and datetime.now(UTC) - ended.at > STOPPED_WITHIN

    async def _is_completed(self, workflow: str) -> bool:
        """Whether a workflow ended by itself. A roll-forward that somebody ended is opened again soon,
        and one that is not there is being opened: neither lets go of anything."""
        try:
            described = await self._client.get_workflow_handle(workflow).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return described.status is WorkflowExecutionStatus.COMPLETED

    async def _ask(self, application: str, update: str, message: Message) -> Frozen:
        """An update of the gate, which is started if it is not there."""
        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            GATE,
            GateState(application=application),
            id=gate_id(application),
            task_queue=task_queue(Duty.ORCHESTRATE),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"the gate of {application}",
        )
        answer: Frozen = await self._client.execute_update_with_start_workflow(
            update, message, start_workflow_operation=start, result_type=Frozen
        )
        return answer


def _leave(release: str, run: str, end: _End) -> Leave:
    """For a release that died: if it was published, nobody follows before its roll-forward is closed."""
    key = candidate_key(release, run)
    if end.well:
        return Leave(key=key)
    holder = end.roll_forward or roll_forward_id(parse_release_id(release)[0])
    return Leave(key=key, number=end.number, holder=holder, reason=f"{release} died in {end.stage}")
