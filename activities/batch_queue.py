"""The queue of a batch job, and its schedule, through Temporal itself; needs no other key."""

from __future__ import annotations

import re
from collections.abc import Awaitable
from datetime import timedelta

from temporalio import activity
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleCalendarSpec,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleRange,
    ScheduleSpec,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
    WorkflowExecutionStatus,
)
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from activities.beating import beating
from domain import cron
from domain.batch import BATCH_RUN, BatchRunRequest, RunKey, RunKeys, RunsRequest, ScheduledJob
from domain.batch_queue import BATCH_QUEUE, AskForPlace, BatchQueue, NewLimit
from domain.identity import Duty
from domain.workflow_ids import batch_id, batch_run_id, task_queue

#: What Temporal adds to the ID of a scheduled run: ``…:scheduled-2026-11-27T06:15:00Z``.
SCHEDULED = "scheduled"


class BatchQueueActivities:
    """Starts queues on demand, keeps schedules, and tells which runs are over.

    :param client: of the namespace that the workflows run in.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    @activity.defn
    async def ask(self, message: AskForPlace) -> None:
        """Ask for a place; the queue is started if it is not there. It knows its runs, so that twice is once."""
        queue = BatchQueue(environment=message.environment, service=message.service)
        await self._client.start_workflow(
            BATCH_QUEUE,
            queue,
            id=queue.id,
            task_queue=task_queue(Duty.ORCHESTRATE),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="ask",
            start_signal_args=[message],
            static_summary=f"who may run: {message.service} in {message.environment}",
        )

    @activity.defn
    async def over(self, runs: RunKeys) -> RunKeys:
        """Of some runs those whose workflows have ended, in whatever way. Only reads."""
        async with beating():
            return RunKeys(keys=tuple([key for key in runs.keys if await self._is_over(key)]))

    @activity.defn
    async def schedule(self, job: ScheduledJob) -> None:
        """Have a job run by itself as its newest release says; without a schedule never. Its queue learns the limit.

        Schedule and queue know of which release they are: a late attempt of an older one changes nothing.
        """
        if job.schedule is None and job.every is None:
            await self.unschedule(RunsRequest(environment=job.environment, service=job.service))
        else:
            await self._schedule(job)
        queue = self._client.get_workflow_handle(batch_id(job.environment, job.service))
        await _unless_it_is_not_there(queue.signal("limit", NewLimit(number=job.number, limit=job.limit)))

    @activity.defn
    async def unschedule(self, request: RunsRequest) -> None:
        """Let a job not run by itself any more; no schedule is fine."""
        schedule = self._client.get_schedule_handle(batch_id(request.environment, request.service))
        await _unless_it_is_not_there(schedule.delete())

    async def _schedule(self, job: ScheduledJob) -> None:
        schedule = _schedule(job)
        try:
            await self._client.create_schedule(batch_id(job.environment, job.service), schedule)
            return
        except ScheduleAlreadyRunningError:
            pass

        def newer(there: ScheduleUpdateInput) -> ScheduleUpdate | None:
            known = re.match(r"#(\d+) ", there.description.schedule.state.note or "")
            return None if known and int(known[1]) > job.number else ScheduleUpdate(schedule=schedule)

        await self._client.get_schedule_handle(batch_id(job.environment, job.service)).update(newer)

    async def _is_over(self, key: RunKey) -> bool:
        try:
            found = await self._client.get_workflow_handle(key.workflow, run_id=key.run).describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return True
        return found.status is not WorkflowExecutionStatus.RUNNING


async def _unless_it_is_not_there(call: Awaitable[None]) -> None:
    try:
        await call
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def _schedule(job: ScheduledJob) -> Schedule:
    """Runs may overlap here: the queue, which knows those on demand as well, decides who may begin."""
    service = job.service
    request = BatchRunRequest(
        environment=job.environment, application=service.application, role=service.role, scheduled=True
    )
    action = ScheduleActionStartWorkflow(
        BATCH_RUN,
        request,
        id=batch_run_id(job.environment, service, SCHEDULED),
        task_queue=task_queue(Duty.ORCHESTRATE),
        static_summary=f"{service} in {job.environment}, by schedule",
    )
    return Schedule(
        action=action,
        spec=_spec(job),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL, catchup_window=job.catch_up),
        state=ScheduleState(note=f"#{job.number} ({job.release})"),
    )


def _spec(job: ScheduledJob) -> ScheduleSpec:
    if job.schedule is None:
        return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=job.every or timedelta(0))])
    return ScheduleSpec(calendars=[_calendar(each) for each in cron.calendars(job.schedule)])


def _calendar(one: cron.Calendar) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(
        minute=_ranges(one.minutes),
        hour=_ranges(one.hours),
        day_of_month=_ranges(one.days),
        month=_ranges(one.months),
        day_of_week=_ranges(one.weekdays),
    )


def _ranges(values: tuple[int, ...]) -> list[ScheduleRange]:
    return [ScheduleRange(value) for value in values]
