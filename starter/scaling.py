"""Sizes as people ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, timedelta

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.environment import Environment
from domain.errors import Refused
from domain.identity import Duty, canonical_name
from domain.mirror import Mirror, Mirrored, MirrorOf, Reset
from domain.scale import Action, Change, ScaleQuestion, ScaleRecord, ScaleRequest, Sizes
from domain.workflow_ids import mirror_id, scale_id, task_queue
from starter.answers import answered, error_of
from starter.lookups import ask
from workflows.mirror import MirrorWorkflow
from workflows.scaling import ScaleWorkflow, SizesWorkflow

#: Seconds for a mirror: the services may wait for a deploy, and then for their replicas.
PATIENCE = timedelta(hours=1).total_seconds()


class Scaling:
    """The sizes of what one Onward runs."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def sizes(self, environment: Environment, application: str) -> Sizes:
        """What is there, and how it came about."""
        question = ScaleQuestion(environment=environment, application=application)
        return await ask(self._client, SizesWorkflow.run, question, f"sizes-{environment}-{application}")

    async def scale(self, request: ScaleRequest) -> Change:
        """One service's size, once all its replicas serve.

        :raises Refused: outside of the limits; or another change of it is on its way.
        """
        await self.sizes(request.environment, request.service.application)  # who does not answer is named soon
        name = canonical_name(request.environment, request.service)
        try:
            return await self._client.execute_workflow(
                ScaleWorkflow.run,
                request,
                id=scale_id(request.environment, request.service),
                task_queue=task_queue(Duty.ORCHESTRATE),
                static_summary=f"{name} to {request.replicas}, by {request.by}",
                static_details=request.reason,
            )
        except WorkflowAlreadyStartedError:
            way_on = f"onward scale {request.environment} {request.service.application}"
            raise Refused(f"{name} is being scaled already\n  next: {way_on}") from None
        except WorkflowFailureError as error:
            raise error_of(error.cause) from None

    async def mirror(self, message: Mirror | Reset) -> Mirrored:
        """All services of an application in ci: to prod's size, or back."""
        for environment in Environment:
            await self.sizes(environment, message.application)

        def start() -> WithStartWorkflowOperation[MirrorWorkflow, None]:
            return WithStartWorkflowOperation(
                MirrorWorkflow.run,
                MirrorOf(application=message.application),
                id=mirror_id(message.application),
                task_queue=task_queue(Duty.ORCHESTRATE),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"{message.application} in ci as it is in prod",
            )

        return await answered(
            self._client,
            lambda: self._client.execute_update_with_start_workflow(
                "mirror" if isinstance(message, Mirror) else "reset",
                message,
                start_workflow_operation=start(),
                result_type=Mirrored,
            ),
            patience=PATIENCE,
        )


def record_rows(records: Sequence[ScaleRecord]) -> list[tuple[str, ...]]:
    """A line for each record."""
    return [(f"{each.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC", _what(each), each.by, each.reason) for each in records]


def change_lines(changes: Sequence[Change]) -> list[str]:
    """A line for each service."""
    return [
        f"{each.role}: {each.before} → {each.replicas}{f', but {each.fault}' if each.fault else ''}" for each in changes
    ]


def _what(record: ScaleRecord) -> str:
    changes = ", ".join(f"{each.role} {each.before} → {each.replicas}" for each in record.changes) or "nothing"
    if record.action is Action.SCALE:
        return changes
    until = f" until {record.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if record.until else ""
    return f"{record.action}{until}: {changes}"
