"""Environments as people ask for them."""

from __future__ import annotations

from temporalio.client import Client, WorkflowFailureError
from temporalio.common import WorkflowIDConflictPolicy

from domain.bootstrap import EnvironmentParts, EnvironmentQuestion
from domain.environment import Environment
from domain.identity import Duty
from domain.workflow_ids import apply_id, task_queue
from starter.answers import error_of
from starter.lookups import ask
from workflows.bootstrap import EnvironmentApplyWorkflow, EnvironmentDiffWorkflow


class Environments:
    """The environments of one Onward."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def compared(self, environment: Environment) -> EnvironmentParts:
        """What is there and what is missing.

        :raises Unreachable: the environment's worker, its swarm or S3 does not answer.
        """
        question = EnvironmentQuestion(environment=environment)
        return await ask(self._client, EnvironmentDiffWorkflow.run, question, f"env-{environment}")

    async def applied(self, environment: Environment) -> EnvironmentParts:
        """Make what is missing; what that was. Who asks while somebody else does gets the same answer."""
        try:
            return await self._client.execute_workflow(
                EnvironmentApplyWorkflow.run,
                EnvironmentQuestion(environment=environment),
                id=apply_id(environment),
                task_queue=task_queue(Duty.ORCHESTRATE),
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                static_summary=f"make what {environment} lacks",
            )
        except WorkflowFailureError as error:
            raise error_of(error.cause) from None
