"""Runs of batch jobs in one environment: begun once, watched to their end, and nothing left of them."""

from __future__ import annotations

from datetime import UTC, datetime

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.last_runs import KeptRuns
from activities.log import StepLog
from activities.own_environment import require_own
from domain import keys
from domain.batch import (
    BatchJob,
    BatchRuns,
    BegunRun,
    RunEnded,
    RunKeys,
    RunOrder,
    RunRecorder,
    RunsRequest,
    RunState,
    RunStatus,
    RunToEnd,
)
from domain.duration import format_duration
from domain.environment import Environment
from domain.errors import Conflict, OnwardError
from domain.progress import Progress
from domain.storage import ObjectStore

POLL = 0.5


class BatchRunActivities:
    """Holds one environment's engine."""

    def __init__(self, environment: Environment, runs: BatchRuns, store: ObjectStore, recorder: RunRecorder) -> None:
        self._environment = environment
        self._runs = runs
        self._store = store
        self._kept = KeptRuns(store)
        self._recorder = recorder

    @activity.defn
    def job(self, request: RunsRequest) -> BatchJob:
        """What the next run of a job will use. Only reads. :raises NotFound: no such job is deployed."""
        require_own(self._environment, request.environment)
        return self._runs.job(request.environment, request.service)

    @activity.defn
    def going(self, request: RunsRequest) -> RunKeys:
        """The runs of a job of which something is there. Only reads."""
        require_own(self._environment, request.environment)
        return RunKeys(keys=tuple(self._runs.going(request.environment, request.service)))

    @activity.defn(no_thread_cancel_exception=True)
    def begin(self, order: RunOrder) -> BegunRun:
        """Start a run of what is deployed in this moment.

        It has the run's own name: a second attempt finds what a killed one has started.
        """
        require_own(self._environment, order.environment)
        with Heartbeat():
            return self._runs.begin(order)

    @activity.defn(no_thread_cancel_exception=True)
    def watch(self, run: BegunRun) -> RunEnded:
        """Wait for a run's end, and keep what it prints.

        It begins nothing: after a SIGKILL the next attempt goes on watching the same container, whose output it reads
        from the first line. A cancel ends the watching; :meth:`end` ends the run.
        """
        require_own(self._environment, run.order.environment)
        log = StepLog(self._store, keys.log_key(run.order.key.workflow, run.order.key.run, keys.run_step()))
        with Heartbeat(every=log.flush_if_due) as progress:
            try:
                with self._runs.output(run, log.write):
                    state = self._ended(run, progress)
            finally:
                log.flush()
        status = RunStatus.FAILED if state.cause else RunStatus.SUCCEEDED
        return RunEnded(status=status, exit_code=state.exit_code, cause=state.cause, log=log.uri)

    @activity.defn(no_thread_cancel_exception=True)
    def end(self, run: RunToEnd) -> None:
        """Remove a run, and wait until its container is gone; how it ended becomes a metric.

        Twice is once: nothing there is fine. It is forgotten last, so that no kill loses how it ended. A worker that
        dies after it has counted has lost its counters, too.
        """
        require_own(self._environment, run.environment)
        with Heartbeat() as progress:
            died = run.unseen and run.key in self._runs.going(run.environment, run.service)
            status, now = RunStatus.FAILED if died else run.status, datetime.now(UTC)
            self._runs.stop(run.key, progress)
            if status is not None:
                self._keep(run, status, now)
            self._runs.forget(run.key)
        if status is not None:
            self._recorder.ended(run.environment, run.service, status, now)

    def _keep(self, run: RunToEnd, status: RunStatus, at: datetime) -> None:
        """For workers to come. A store that is away or closed must not hold up whoever waits for the place."""
        try:
            self._kept.note(run.environment, run.service, status, at)
        except Conflict:
            raise
        except OnwardError as error:
            activity.logger.error("when %s ended is not kept for the next worker: %s", run.key.workflow, error)

    def _ended(self, run: BegunRun, progress: Progress) -> RunState:
        while True:
            state = self._runs.look(run)
            if state.ended:
                return state
            if datetime.now(UTC) > run.deadline:
                limit = format_duration(run.timeout)
                return RunState(ended=True, cause=f"it did not end in {limit} (batch.timeout)")
            progress.say(f"#{run.number} runs since {run.begun:%H:%M:%S} UTC")
            progress.wait(POLL)
