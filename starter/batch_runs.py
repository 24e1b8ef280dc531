"""Runs of batch jobs as people and tests use them: start, follow, list."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

from pydantic import BaseModel
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from domain.batch import BatchRunRequest, BatchRunResult, RunsRequest, RunStatus
from domain.environment import Environment
from domain.errors import NotFound
from domain.identity import ServiceId, canonical_name
from domain.workflow_ids import BATCH_RUN_PREFIX, batch_run_id, parse_batch_run_id
from starter.lookups import ask
from starter.output import ExitCode, Output
from starter.temporal_errors import is_away
from workflows import attributes
from workflows.batch_run import BATCH_RUN_FAILED, BatchRunWorkflow
from workflows.lookups import BatchJobWorkflow
from workflows.starting import batch_run_options

Run = WorkflowHandle[BatchRunWorkflow, BatchRunResult]

POLL = 0.5
QUERY_TIMEOUT = timedelta(seconds=4)

#: How Temporal's own ends read when the run could not say a last word.
_ENDED = {
    WorkflowExecutionStatus.CANCELED: (RunStatus.CANCELLED, "it was cancelled"),
    WorkflowExecutionStatus.TERMINATED: (RunStatus.FAILED, "its workflow was terminated"),
    WorkflowExecutionStatus.TIMED_OUT: (RunStatus.FAILED, "its workflow timed out"),
}


class RunRow(BaseModel):
    """One line of ``onward runs``; ``seconds`` from its begin to its end."""

    run: str
    environment: Environment
    application: str
    role: str
    status: str
    number: int | None
    started: datetime
    started_by: str
    seconds: float | None
    reason: str
    cause: str


class BatchRunsOf:
    """The runs of one Temporal namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def start(self, request: BatchRunRequest) -> Run:
        """Start a run on demand. :raises NotFound: no such job is deployed there."""
        service = request.service
        question = RunsRequest(environment=request.environment, service=service)
        await ask(self._client, BatchJobWorkflow.run, question, f"job-{request.name}")
        run = batch_run_id(request.environment, service, uuid4().hex[:10])
        return await self._client.start_workflow(BatchRunWorkflow.run, request, **batch_run_options(request, run))

    def handle(self, run: str) -> Run:
        """A run by its ID."""
        return self._client.get_workflow_handle_for(BatchRunWorkflow.run, run)

    async def see(self, run: Run) -> BatchRunResult:
        """How a run is, at any time of its life. :raises NotFound: there is no such run."""
        try:
            described = await run.describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise NotFound(f"there is no run {run.id}\n  next: onward runs") from None
            raise
        if described.status is not WorkflowExecutionStatus.RUNNING:
            ended = await self._ended(run, described)
            if ended is not None:
                return ended
        try:
            result = await run.query(BatchRunWorkflow.progress, rpc_timeout=QUERY_TIMEOUT)
        except (RPCError, WorkflowQueryFailedError) as error:
            if isinstance(error, RPCError) and error.status is RPCStatusCode.UNAVAILABLE:
                raise
            result = _outline(described)
        if result.status in (RunStatus.WAITING, RunStatus.RUNNING) and described.status in _ENDED:
            status, cause = _ENDED[described.status]
            return result.model_copy(update={"status": status, "cause": cause})
        return result

    async def rows(self, name: tuple[str | None, str | None, str | None], limit: int) -> list[RunRow]:
        """The newest first: of an environment, an application, a role, as far as they are given."""
        environment, application, role = name
        clauses = ["WorkflowType = 'BatchRun'"]
        if environment:
            clauses.append(f"WorkflowId STARTS_WITH '{BATCH_RUN_PREFIX}{environment}-'")
        if application:
            clauses.append(f"{attributes.APPLICATION.name} = '{application}'")
        if role:
            clauses.append(f"{attributes.ROLE.name} = '{role}'")
        found = self._client.list_workflows(" AND ".join(clauses), limit=limit)
        return [await _row(each) async for each in found]

    async def _ended(self, run: Run, described: WorkflowExecution) -> BatchRunResult | None:
        if described.status not in (WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.FAILED):
            return None
        try:
            return await run.result(rpc_timeout=QUERY_TIMEOUT)
        except WorkflowFailureError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type == BATCH_RUN_FAILED and cause.details:
                return BatchRunResult.model_validate(cause.details[0])
            return None


async def follow(runs: BatchRunsOf, run: Run, output: Output, *, to_its_end: bool) -> BatchRunResult:
    """Say each change until the run has ended, or has only begun; a server that is away for a while is waited for."""
    said = ""
    while True:
        try:
            seen = await runs.see(run)
        except RPCError as error:
            if not is_away(error):
                raise
            line = "Temporal does not answer; still waiting"
        else:
            number = f" #{seen.number}" if seen.number else ""
            line = f"{seen.status}{number}"
            if seen.status is not RunStatus.WAITING and not (to_its_end and seen.status is RunStatus.RUNNING):
                return seen
        if line != said:
            output.note(line)
            said = line
        await asyncio.sleep(POLL)


def is_run(text: str) -> bool:
    """Whether a text is the ID of a run."""
    try:
        parse_batch_run_id(text)
    except ValueError:
        return False
    return True


def exit_code_of_run(result: BatchRunResult) -> ExitCode:
    """A run that was not begun because there was no place is refused, not failed."""
    if result.status in (RunStatus.FAILED, RunStatus.CANCELLED):
        return ExitCode.FAILED
    return ExitCode.REFUSED if result.status is RunStatus.REFUSED else ExitCode.DONE


def run_text(result: BatchRunResult, url: str) -> str:
    """One run for a person."""
    number = f" #{result.number}" if result.number else ""
    name = canonical_name(result.environment, ServiceId(application=result.application, role=result.role))
    lines = [f"{name}{number}: {result.status}{f': {result.cause}' if result.cause else ''}"]
    lines.append(f"started by {result.started_by}{f': {result.reason}' if result.reason else ''}")
    if result.seconds is not None:
        lines.append(f"{result.seconds:.1f} s")
    if result.log:
        lines.append(f"output: onward logs {result.run}")
    return "\n".join([*lines, *([url] if url else [])])


def _outline(described: WorkflowExecution) -> BatchRunResult:
    """What search attributes say of a run that nobody can answer for."""
    environment, service = parse_batch_run_id(described.id)
    found = described.typed_search_attributes
    return BatchRunResult(
        run=described.id,
        environment=environment,
        application=service.application,
        role=service.role,
        status=RunStatus(found.get(attributes.STATUS) or RunStatus.WAITING),
        number=found.get(attributes.NUMBER),
        started=described.start_time,
    )


async def _row(found: WorkflowExecution) -> RunRow:
    outline, memo = _outline(found), await found.memo()
    status, cause = outline.status, str(memo.get("cause", ""))
    if found.status in _ENDED and status in (RunStatus.WAITING, RunStatus.RUNNING):
        status, cause = _ENDED[found.status]
    return RunRow(
        **outline.model_dump(include={"run", "environment", "application", "role", "number", "started"}),
        status=status.value,
        started_by=str(memo.get("requested_by", "")),
        seconds=memo.get("seconds"),
        reason=str(memo.get("reason", "")),
        cause=cause,
    )
