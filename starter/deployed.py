"""What runs where, as rows: the environments are asked at the same time."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import BaseModel

from domain.environment import ENVIRONMENTS, Environment
from domain.errors import OnwardError

if TYPE_CHECKING:
    from domain.deployment import ServiceState
    from starter.connection import Connection


class DeployedRow(BaseModel):
    """One line of ``onward deployed``; number and commit are those of what serves."""

    environment: Environment
    application: str
    role: str
    number: int
    commit: str
    digest: str
    replicas: int
    healthy: int
    state: str
    since: datetime
    drift: tuple[str, ...] = ()

    def document(self) -> dict[str, object]:
        """As JSON."""
        return self.model_dump(mode="json")


async def deployed_rows(
    connection: Connection, environment: Environment | None, application: str | None
) -> tuple[list[DeployedRow], list[OnwardError]]:
    """What runs in the environments that answer, and the errors of those that do not.

    :raises OnwardError: none answers.
    """
    from domain.lookups import DeployedRequest
    from starter.answers import together
    from starter.lookups import ask
    from workflows.lookups import DeployedWorkflow

    asked = [environment] if environment else ENVIRONMENTS
    questions = [DeployedRequest(environment=each, application=application) for each in asked]
    answers = await asyncio.gather(
        *(ask(connection.client, DeployedWorkflow.run, one, f"deployed-{one.environment}") for one in questions),
        return_exceptions=True,
    )
    rows: list[DeployedRow] = []
    faults: list[OnwardError] = []
    for answer in answers:
        if isinstance(answer, OnwardError):
            faults.append(answer)
        elif isinstance(answer, BaseException):
            raise answer
        else:
            rows += [_row(state) for state in answer.services]
    if len(faults) == len(questions):
        raise together(faults)
    return rows, faults


def _row(state: ServiceState) -> DeployedRow:
    return DeployedRow(
        environment=state.environment,
        application=state.service.application,
        role=state.service.role,
        number=state.served.number,
        commit=state.served.commit,
        digest=state.served.digest,
        replicas=state.replicas,
        healthy=state.healthy,
        state=state.state,
        since=state.since,
        drift=state.drift,
    )
