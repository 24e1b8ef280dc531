"""Gates as people ask for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle, WorkflowQueryFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError

from domain.errors import NotFound
from domain.gate_messages import Freeze, Frozen, GateState, Unfreeze
from domain.gate_view import GateView
from domain.identity import Duty
from domain.release import ReleaseResult, Stage
from domain.workflow_ids import gate_id, task_queue
from starter.answers import answered, seen
from starter.gate_text import regression_text
from workflows.application import ApplicationWorkflow
from workflows.regression import RegressionWorkflow

#: For how far a regression is: it adds to the reason, and is left out when it does not come.
QUERY_TIMEOUT = timedelta(seconds=2)

#: The stages in which the gate knows what a release waits for.
_AT_THE_GATE = (Stage.REGRESSION, Stage.PUBLISH, Stage.DEPLOY_CI, Stage.VERIFY_CI)


class Gates:
    """The gates of one Temporal namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def view(self, application: str) -> GateView:
        """A gate as it is now.

        :raises NotFound: nothing of the application has come to a gate yet.
        :raises Unreachable: no worker of the orchestrate duty answers.
        """
        gate: WorkflowHandle[Any, Any] = self._client.get_workflow_handle(gate_id(application))
        absent = f"no release of {application!r} has come to its gate yet\n  next: onward releases"
        return await seen(self._client, gate, ApplicationWorkflow.view, absent)

    async def freeze(self, message: Freeze) -> Frozen:
        """Hold the turns of an application, whether or not it has a gate already."""
        return await self._ask("freeze", message)

    async def unfreeze(self, message: Unfreeze) -> Frozen:
        """Let them go. :raises Refused: nobody holds them by hand."""
        return await self._ask("unfreeze", message)

    async def _ask(self, update: str, message: Freeze | Unfreeze) -> Frozen:
        def start() -> WithStartWorkflowOperation[Any, Any]:
            return WithStartWorkflowOperation(
                ApplicationWorkflow.run,
                GateState(application=message.application),
                id=gate_id(message.application),
                task_queue=task_queue(Duty.ORCHESTRATE),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"the gate of {message.application}",
            )

        return await answered(
            self._client,
            lambda: self._client.execute_update_with_start_workflow(
                update, message, start_workflow_operation=start(), result_type=Frozen
            ),
        )

    async def reason(self, result: ReleaseResult) -> str | None:
        """What a running release waits for at its gate, or in its regression; ``None`` for neither."""
        stage = result.current
        if stage is None or stage.name not in _AT_THE_GATE:
            return None
        try:
            view = await self.view(result.application)
        except NotFound:
            return None
        tested = await self._tested(result, view) if stage.name is Stage.REGRESSION else None
        reason = view.reason(result.release)
        return tested or (f"it {reason}" if reason else None)

    async def _tested(self, result: ReleaseResult, view: GateView) -> str | None:
        """How far its regression is; nothing when it has ended, and so is not what is waited for."""
        regression = result.regression
        if regression is None or regression.verdict is not None:
            return None
        running: WorkflowHandle[Any, Any] = self._client.get_workflow_handle(regression.workflow)
        try:
            found = await running.query(RegressionWorkflow.results, rpc_timeout=QUERY_TIMEOUT)
        except (RPCError, WorkflowQueryFailedError):
            return None
        return regression_text(regression, found, view.ahead_of(result.release))
