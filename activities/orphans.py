"""Finds what died without a word: releases without a roll-forward, roll-forwards that somebody ended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from activities.beating import beating
from domain.evidence import FailedRelease
from domain.release import ReleaseRequest, ReleaseResult, ReleaseStatus, Stage
from domain.roll_forward import RollForwardView, State
from domain.roll_forward_messages import ROLL_FORWARD
from domain.sweep import Orphans

#: How far back a sweep looks; what was swept once is found to be so by its run ID.
HORIZON = timedelta(days=7)

#: A workflow is listed a moment after it closed, and so is what its roll-forward knows.
SETTLED = timedelta(seconds=3)

QUERY_TIMEOUT = timedelta(seconds=5)

#: So many releases are told of in one sweep.
AT_ONCE = 50

RUNS = SearchAttributeKey.for_keyword_list("OnwardRuns")
STAGE = SearchAttributeKey.for_keyword("OnwardStage")
NUMBER = SearchAttributeKey.for_int("OnwardNumber")

_ENDS = {
    WorkflowExecutionStatus.CANCELED: "Cancelled",
    WorkflowExecutionStatus.TERMINATED: "Terminated",
    WorkflowExecutionStatus.TIMED_OUT: "Timeout",
}
#: Releases that told their end themselves say where they belong, or that they need not.
_UNTOLD = (
    "AND OnwardRollForward IS NULL "
    "AND (OnwardStatus IS NULL OR OnwardStatus NOT IN ('refused', 'verified', 'superseded'))"
)
_BADLY = "ExecutionStatus IN ('Failed', 'Canceled', 'Terminated', 'TimedOut')"


class OrphanActivities:
    """Only reads; :meth:`RollForwardActivities.open` does what follows.

    :param client: of the namespace that the workflows run in.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn
    async def orphans(self) -> Orphans:
        """What the normal path cannot have told: terminated and timed-out releases, most of all.

        At most fifty at a time: the next sweep finds the others. One that cannot be read is logged
        and left out, so that it keeps no other one from being found. ``troubled`` names workflows
        whose tasks keep failing: nobody but an engineer can help them.
        """
        horizon = datetime.now(UTC) - HORIZON
        async with beating():
            return Orphans(
                releases=tuple([each async for each in self._releases(horizon)]),
                interrupted=tuple([each async for each in self._interrupted(horizon)]),
                troubled=tuple([each async for each in self._troubled()]),
            )

    async def _releases(self, horizon: datetime) -> AsyncIterator[FailedRelease]:
        known, found = await self._known_runs(horizon), 0
        async for each in self._closed("Release", horizon, _UNTOLD):
            settled = each.close_time is not None and datetime.now(UTC) - each.close_time > SETTLED
            if each.run_id in known or not settled or found == AT_ONCE:
                continue
            try:
                failed = await self._failed(each)
            except (RPCError, ValueError) as error:  # pydantic's are ValueErrors
                activity.logger.warning("%s cannot be read: %s", each.id, error)
                continue
            if failed is not None:
                found += 1
                yield failed

    async def _known_runs(self, horizon: datetime) -> set[str]:
        """The runs of releases that a roll-forward has, open or closed since."""
        query = f"WorkflowType = '{ROLL_FORWARD}' AND (ExecutionStatus = 'Running' OR CloseTime > '{_time(horizon)}')"
        known: set[str] = set()
        async for each in self._client.list_workflows(query):
            known |= set(each.typed_search_attributes.get(RUNS) or ())
        return known

    def _closed(self, kind: str, horizon: datetime, more: str = "") -> AsyncIterator[WorkflowExecution]:
        query = f"WorkflowType = '{kind}' AND {_BADLY} AND CloseTime > '{_time(horizon)}' {more}"
        return self._client.list_workflows(query.strip())

    async def _failed(self, closed: WorkflowExecution) -> FailedRelease | None:
        """What the server keeps of a release, and what it says itself if a worker can still ask it.

        ``None`` for a run that was reset: its release goes on in another run. And for one that was
        verified before somebody ended it.
        """
        if await self._was_reset(closed):
            return None
        request, keys = await self._request(closed), closed.typed_search_attributes
        outline = ReleaseResult(
            release=closed.id,
            application=request.application,
            role=request.role,
            commit=request.commit,
            number=keys.get(NUMBER),
        )
        result = await self._last_word(closed) or outline
        if result.status in (ReleaseStatus.VERIFIED, ReleaseStatus.SUPERSEDED):
            return None
        if result.status is ReleaseStatus.RUNNING:
            stage = keys.get(STAGE)
            kind = _ENDS.get(closed.status or WorkflowExecutionStatus.FAILED, "Failed")
            result = result.ended_from_outside(kind, Stage(stage) if stage else None)
        ended = closed.close_time or datetime.now(UTC)
        return FailedRelease(request=request, run=closed.run_id, result=result, ended=ended)

    async def _request(self, closed: WorkflowExecution) -> ReleaseRequest:
        """What it was started with, by whomever and in whatever way: its first event holds it."""
        handle = self._client.get_workflow_handle(closed.id, run_id=closed.run_id)
        started = await anext(handle.fetch_history_events(page_size=1))
        given = started.workflow_execution_started_event_attributes.input
        request: ReleaseRequest
        (request,) = await self._client.data_converter.decode(given.payloads, [ReleaseRequest])
        return request

    async def _last_word(self, closed: WorkflowExecution) -> ReleaseResult | None:
        handle = self._client.get_workflow_handle(closed.id, run_id=closed.run_id)
        try:
            result: ReleaseResult = await handle.query("progress", result_type=ReleaseResult, rpc_timeout=QUERY_TIMEOUT)
        except (RPCError, WorkflowQueryFailedError) as error:
            activity.logger.info("%s cannot be asked any more: %s", closed.id, error)
            return None
        return result

    async def _was_reset(self, closed: WorkflowExecution) -> bool:
        described = await self._client.get_workflow_handle(closed.id, run_id=closed.run_id).describe()
        return bool(described.raw_description.workflow_extended_info.reset_run_id)

    async def _interrupted(self, horizon: datetime) -> AsyncIterator[RollForwardView]:
        """Roll-forwards that were ended by somebody, and that nobody has opened again."""
        async for each in self._closed(ROLL_FORWARD, horizon):
            try:
                newest = await self._client.get_workflow_handle(each.id).describe()
                if newest.run_id != each.run_id:
                    continue
                handle = self._client.get_workflow_handle(each.id, run_id=each.run_id)
                view: RollForwardView = await handle.query(
                    "view", result_type=RollForwardView, rpc_timeout=QUERY_TIMEOUT
                )
            except (RPCError, WorkflowQueryFailedError) as error:
                activity.logger.warning("%s was ended and cannot be asked what it knew: %s", each.id, error)
                continue
            if view.state is not State.CLOSED:
                yield view

    async def _troubled(self) -> AsyncIterator[str]:
        async for each in self._client.list_workflows(
            "TemporalReportedProblems IS NOT NULL AND ExecutionStatus = 'Running'"
        ):
            activity.logger.warning("the tasks of %s keep failing: see it in the Temporal UI", each.id)
            yield each.id


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
