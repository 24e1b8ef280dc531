"""One run of a batch job, from its place in the queue to an empty place."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.batch_queue import BatchQueueActivities
    from activities.batch_runs import BatchRunActivities
    from domain.batch import (
        BATCH_RUN,
        BatchJob,
        BatchRunRequest,
        BatchRunResult,
        BegunRun,
        RunEnded,
        RunKey,
        RunOrder,
        RunsRequest,
        RunStatus,
        RunToEnd,
    )
    from domain.batch_queue import AskForPlace, LeavePlace, Place
    from domain.batch_rules import Overlap
    from domain.errors import NotFound
    from domain.identity import Duty, duty_of
    from domain.workflow_ids import batch_id
    from workflows import attributes, policies
    from workflows.batch_page import run_page
    from workflows.concurrently import to_its_end
    from workflows.journal import reason_of
    from workflows.signalling import heard

BATCH_RUN_FAILED = "BatchRunFailed"

#: How late a scheduled run may begin because the environment's worker is away: as Temporal itself catches up at most.
SCHEDULED_PATIENCE = timedelta(hours=1)

#: A queue that somebody ended has forgotten who waits.
ASK_AGAIN = timedelta(minutes=5)

BEGIN_TIMEOUT = timedelta(minutes=2)
END_TIMEOUT = timedelta(minutes=2)

#: For what the watching has to do after a run's own time is up.
MARGIN = timedelta(minutes=1)

DUE = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")


@workflow.defn(name=BATCH_RUN)
class BatchRunWorkflow:
    """Take a place, begin, watch to the end, leave nothing; whoever started it."""

    @workflow.init
    def __init__(self, request: BatchRunRequest) -> None:
        info = workflow.info()
        self._request = request
        self._key = RunKey(workflow=info.workflow_id, run=info.run_id)
        self._place: Place | None = None
        self._asked = self._beginning = False
        self._result = BatchRunResult(
            run=info.workflow_id,
            environment=request.environment,
            application=request.application,
            role=request.role,
            started_by=request.started_by,
            reason=request.reason,
            started=info.start_time,
        )

    @workflow.run
    async def run(self, request: BatchRunRequest) -> BatchRunResult:
        """A run that fails fails this workflow with its :class:`BatchRunResult` as the error's detail."""
        self._introduce()
        error: BaseException | None = None
        try:
            place = await self._place_for(await self._job())
            if not place.free:
                status = RunStatus.SKIPPED if request.scheduled else RunStatus.REFUSED
                return self._record(status=status, cause=place.reason)
            ended = await self._watch(await self._begin())
        except (FailureError, asyncio.CancelledError) as raised:
            cancelled = is_cancelled_exception(raised)
            error = raised
            ended = RunEnded(
                status=RunStatus.CANCELLED if cancelled else RunStatus.FAILED,
                cause="it was cancelled" if cancelled else reason_of(raised),
            )
        with suppress(asyncio.CancelledError):  # it is over already
            await to_its_end(self._leave(ended.status))
        return self._ended(ended, error)

    @workflow.signal(description="The queue: you may begin, or you may not")
    def place(self, message: Place) -> None:
        """The answer of the queue."""
        self._place = message

    @workflow.query(description="How far the run is, and how it ended")
    def progress(self) -> BatchRunResult:
        """The result so far."""
        return self._result

    # --- the steps --------------------------------------------------------------------------

    async def _job(self) -> BatchJob:
        """What is deployed now: how many of it may be going. A scheduled run outlasts a worker that is away."""
        patience = SCHEDULED_PATIENCE if self._request.scheduled else policies.PATIENCE
        try:
            return await workflow.execute_activity_method(
                BatchRunActivities.job,
                RunsRequest(environment=self._request.environment, service=self._request.service),
                **policies.brief(self._duty, "read what is deployed", patience),
            )
        except ActivityError as error:
            if self._request.scheduled and _is_not_there(error):
                await self._unschedule()
            raise

    async def _place_for(self, job: BatchJob) -> Place:
        """Asked for again from time to time, as long as no answer comes."""
        overlap = job.rules.overlap if self._request.scheduled else Overlap.BUFFER_ALL
        ask = AskForPlace(
            environment=job.environment,
            service=job.service,
            key=self._key,
            number=job.number,
            limit=job.rules.limit,
            overlap=overlap if self._request.patient else Overlap.SKIP,
        )
        self._asked = True
        while True:
            await workflow.execute_activity_method(
                BatchQueueActivities.ask, ask, **policies.lasting(Duty.ORCHESTRATE, "ask for a place")
            )
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._place is not None, timeout=ASK_AGAIN, timeout_summary="ask again for a place"
                )
            if self._place is not None:
                return self._place

    async def _begin(self) -> BegunRun:
        """Of what is deployed in this moment, whatever it was when the run was asked for."""
        self._beginning = True
        begun = await workflow.execute_activity_method(
            BatchRunActivities.begin,
            RunOrder(
                environment=self._request.environment, service=self._request.service, key=self._key, due=self._due
            ),
            **policies.long(self._duty, f"begin {self._request.name}", BEGIN_TIMEOUT),
        )
        workflow.upsert_search_attributes(
            [attributes.NUMBER.value_set(begun.number), attributes.COMMIT.value_set(begun.commit)]
        )
        self._record(
            status=RunStatus.RUNNING,
            number=begun.number,
            commit=begun.commit,
            digest=begun.digest,
            begun=begun.begun,
        )
        return begun

    async def _watch(self, begun: BegunRun) -> RunEnded:
        """As long as it takes: what ended while no worker was there is seen when one is."""
        return await workflow.execute_activity_method(
            BatchRunActivities.watch,
            begun,
            **policies.enduring(self._duty, f"watch #{begun.number}", begun.timeout + MARGIN),
        )

    async def _leave(self, status: RunStatus) -> None:
        """First what runs, then the place: it is free when nothing runs on it."""
        if self._beginning:
            await workflow.execute_activity_method(
                BatchRunActivities.end,
                RunToEnd(
                    environment=self._request.environment,
                    service=self._request.service,
                    key=self._key,
                    status=status,
                ),
                **policies.enduring(self._duty, "leave nothing of it", END_TIMEOUT),
            )
        if self._asked:
            queue = workflow.get_external_workflow_handle(batch_id(self._request.environment, self._request.service))
            await heard(queue.signal("leave", LeavePlace(key=self._key)))

    async def _unschedule(self) -> None:
        """Somebody removed the job, or it is of another kind now."""
        await workflow.execute_activity_method(
            BatchQueueActivities.unschedule,
            RunsRequest(environment=self._request.environment, service=self._request.service),
            **policies.brief(Duty.ORCHESTRATE, "remove the schedule of what is not there"),
        )

    # --- what is said of it -----------------------------------------------------------------

    def _introduce(self) -> None:
        workflow.upsert_search_attributes(
            [
                attributes.APPLICATION.value_set(self._request.application),
                attributes.ROLE.value_set(self._request.role),
            ]
        )
        workflow.upsert_memo({"requested_by": self._request.started_by, "reason": self._request.reason})
        self._record(status=RunStatus.WAITING)

    def _ended(self, ended: RunEnded, error: BaseException | None) -> BatchRunResult:
        begun = self._result.begun
        seconds = (workflow.now() - begun).total_seconds() if begun else None
        result = self._record(**ended.model_dump(exclude={"log"}), log=ended.log or self._result.log, seconds=seconds)
        workflow.upsert_memo({"cause": ended.cause, "seconds": seconds})
        if ended.status is RunStatus.SUCCEEDED:
            return result
        if error is not None and ended.status is RunStatus.CANCELLED:
            raise error
        text = f"{self._request.name}: {ended.cause}"
        raise ApplicationError(text, result, type=BATCH_RUN_FAILED, non_retryable=True) from error

    def _record(self, **changes: object) -> BatchRunResult:
        self._result = self._result.model_copy(update=changes)
        workflow.upsert_search_attributes([attributes.STATUS.value_set(self._result.status.value)])
        workflow.set_current_details(run_page(self._result))
        return self._result

    @property
    def _duty(self) -> Duty:
        return duty_of(self._request.environment)

    @property
    def _due(self) -> datetime | None:
        return workflow.info().typed_search_attributes.get(DUE) if self._request.scheduled else None


def _is_not_there(error: ActivityError) -> bool:
    return isinstance(error.cause, ApplicationError) and error.cause.type == NotFound.__name__
