"""Releases as CI, on-call and tests use them: start, follow, find."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel
from temporalio.client import (
    Client,
    WorkflowExecution,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import NotFound
from domain.identity import ServiceId
from domain.release import ReleaseRequest, ReleaseResult, ReleaseStatus, Stage
from domain.workflow_ids import parse_release_id
from workflows import attributes
from workflows.journal import RELEASE_FAILED
from workflows.release import ReleaseWorkflow
from workflows.starting import release_options

Handle = WorkflowHandle[ReleaseWorkflow, ReleaseResult]

QUERY_TIMEOUT = timedelta(seconds=4)

#: How Temporal's own ends read when the release could not say a last word.
_ENDED = {
    WorkflowExecutionStatus.CANCELED: "Cancelled",
    WorkflowExecutionStatus.TERMINATED: "Terminated",
    WorkflowExecutionStatus.TIMED_OUT: "Timeout",
    WorkflowExecutionStatus.FAILED: "Failed",
}


class ReleaseRow(BaseModel):
    """One line of ``onward releases``."""

    release: str
    status: str
    stage: str
    number: int | None
    started: datetime
    requested_by: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Seen:
    """A release as it is now; ``final`` when it has ended."""

    result: ReleaseResult
    final: bool
    run: str


class Releases:
    """The releases of one Temporal namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @property
    def address(self) -> str:
        """Where Temporal is."""
        return self._client.service_client.config.target_host

    async def start(self, request: ReleaseRequest) -> Handle:
        """Start a release, or attach to the one of the same commit: running, verified or superseded.

        One that failed before is started anew.
        """
        try:
            return await self._client.start_workflow(
                ReleaseWorkflow.run,
                request,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                **release_options(request),
            )
        except WorkflowAlreadyStartedError:
            return self.handle(request.id)

    def handle(self, release: str) -> Handle:
        """The newest run of a release."""
        return self._client.get_workflow_handle_for(ReleaseWorkflow.run, release)

    async def see(self, handle: Handle) -> Seen:
        """How far a release is, at any time of its life.

        The workflow answers itself, also when it has ended; when no worker is up, what the server
        keeps of it has to do. :raises NotFound: there is no such release.
        """
        try:
            described = await handle.describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise NotFound(f"there is no release {handle.id}\n  next: onward releases") from None
            raise
        final = described.status is not WorkflowExecutionStatus.RUNNING
        result = await self._ended(handle) if final else None
        if result is None:
            result = await self._progress(handle) or _outline(described)
        if final and result.status is ReleaseStatus.RUNNING:
            kind = _ENDED.get(described.status or WorkflowExecutionStatus.FAILED, "Failed")
            stage = described.typed_search_attributes.get(attributes.STAGE)
            result = result.ended_from_outside(kind, Stage(stage) if stage else None)
        return Seen(result, final, described.run_id)

    async def find(self, text: str) -> Handle:
        """The release that a person means: an ID, ``shop-cart`` (its newest), ``shop-cart:<commit>``
        or a commit; of an abbreviated commit the beginning. :raises NotFound: none."""
        try:
            parse_release_id(text)
            return self.handle(text)
        except ValueError:
            pass
        service, _, commit = text.removeprefix("release:").rpartition(":") if ":" in text else (text, "", "")
        clauses = []
        if re.fullmatch(r"[0-9a-f]{6,40}", service) and not commit:
            service, commit = "", service
        if service:
            try:
                meant = ServiceId.parse(service)
            except ValueError:
                raise NotFound(
                    f"{text!r} names no release; say shop-cart, shop-cart:1a2b3c or a commit\n  next: onward releases"
                ) from None
            clauses = [
                f"{attributes.APPLICATION.name} = '{meant.application}'",
                f"{attributes.ROLE.name} = '{meant.role}'",
            ]
        if commit:
            clauses.append(f"{attributes.COMMIT.name} STARTS_WITH '{commit}'")
        async for found in self._client.list_workflows(_query(*clauses), page_size=1):
            return self.handle(found.id)
        raise NotFound(f"there is no release of {text}\n  next: onward releases")

    async def rows(
        self, application: str | None, role: str | None, status: str | None, limit: int
    ) -> AsyncIterator[ReleaseRow]:
        """The newest first. A value that no release can have finds nothing."""
        wanted = {attributes.APPLICATION: application, attributes.ROLE: role, attributes.STATUS: status}
        clauses = [
            f"{key.name} = '{value}'" for key, value in wanted.items() if value and value.replace("-", "").isalnum()
        ]
        if len(clauses) < sum(value is not None for value in wanted.values()):
            return
        async for found in self._client.list_workflows(_query(*clauses), limit=limit):
            yield await _row(found)

    async def _ended(self, handle: Handle) -> ReleaseResult | None:
        try:
            return await handle.result(rpc_timeout=QUERY_TIMEOUT)
        except WorkflowFailureError as error:
            cause = error.cause
            if isinstance(cause, ApplicationError) and cause.type == RELEASE_FAILED and cause.details:
                return ReleaseResult.model_validate(cause.details[0])
            return None

    async def _progress(self, handle: Handle) -> ReleaseResult | None:
        try:
            return await handle.query(ReleaseWorkflow.progress, rpc_timeout=QUERY_TIMEOUT)
        except (WorkflowQueryFailedError, WorkflowQueryRejectedError):
            return None
        except RPCError as error:
            if error.status is RPCStatusCode.UNAVAILABLE:
                raise
            return None


def _query(*clauses: str) -> str:
    return " AND ".join(["WorkflowType = 'Release'", *clauses])


def _outline(described: WorkflowExecution) -> ReleaseResult:
    """What search attributes say of a release that nobody can answer for."""
    found = described.typed_search_attributes
    return ReleaseResult(
        release=described.id,
        application=found.get(attributes.APPLICATION) or "",
        role=found.get(attributes.ROLE) or "",
        commit=found.get(attributes.COMMIT) or "",
        status=ReleaseStatus(found.get(attributes.STATUS) or ReleaseStatus.RUNNING),
        number=found.get(attributes.NUMBER),
    )


async def _row(found: WorkflowExecution) -> ReleaseRow:
    keys, memo = found.typed_search_attributes, await found.memo()
    status = keys.get(attributes.STATUS) or "running"
    ended = found.status is not WorkflowExecutionStatus.RUNNING
    return ReleaseRow(
        release=found.id,
        status="failed" if ended and status == "running" else status,
        stage=keys.get(attributes.STAGE) or "",
        number=keys.get(attributes.NUMBER),
        started=found.start_time,
        requested_by=str(memo.get("requested_by", "")),
        reason=str(memo.get("reason", "")),
    )
