"""One Temporal worker per duty, with the activities that :mod:`duties` composes for it.

``python worker.py --duty orchestrate|build|ci|prod``; each holds the keys of its duty and no
others. ``--duty all`` runs the four in one process, for trying things out.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pydantic
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError
from temporalio.worker import Worker

import telemetry
from domain.channels import Channels
from domain.errors import OnwardError
from domain.identity import Duty
from domain.workflow_ids import drift_id, sweep_id, task_queue
from duties import activities_of, exporting_for
from duties.foundation import refuse_wrong_roots
from duties.telling import read_channels
from settings import WorkerSettings
from workflows.application import ApplicationWorkflow
from workflows.batch_queue import BatchQueueWorkflow
from workflows.batch_run import BatchRunWorkflow
from workflows.bootstrap import EnvironmentApplyWorkflow, EnvironmentDiffWorkflow
from workflows.drift import DriftWorkflow
from workflows.lookups import LOOKUPS
from workflows.mirror import MirrorWorkflow
from workflows.regression import RegressionWorkflow
from workflows.release import ReleaseWorkflow
from workflows.report import ReportWorkflow
from workflows.resource_lookups import RESOURCE_LOOKUPS
from workflows.roll_forward import RollForwardWorkflow
from workflows.scaling import ScaleWorkflow, SizesWorkflow
from workflows.sweep import SweepWorkflow

log = logging.getLogger("onward.worker")

GRACE = timedelta(seconds=20)
#: What a worker may take beyond that, until it is given up: the SDK can wait for a poll without an end (sdk-rust 1297).
CLOSING = timedelta(seconds=4)
RECONNECT_EVERY = 1.0

#: A release that died without a word frees its place within a minute.
SWEEP_EVERY = timedelta(seconds=20)
DRIFT_EVERY = timedelta(minutes=1)
SCHEDULED_TIMEOUT = timedelta(minutes=10)

WORKFLOWS = [
    ReleaseWorkflow,
    RegressionWorkflow,
    ApplicationWorkflow,
    RollForwardWorkflow,
    ReportWorkflow,
    SweepWorkflow,
    DriftWorkflow,
    ScaleWorkflow,
    SizesWorkflow,
    MirrorWorkflow,
    EnvironmentDiffWorkflow,
    EnvironmentApplyWorkflow,
    BatchRunWorkflow,
    BatchQueueWorkflow,
    *LOOKUPS,
    *RESOURCE_LOOKUPS,
]


def worker_for(duty: Duty, client: Client, settings: WorkerSettings, channels: Channels) -> Worker:
    """The worker of one duty; the settings hold its keys and no others."""
    settings = settings.checked_for(duty)
    slots = settings.build_slots if duty is Duty.BUILD else settings.slots
    return Worker(
        client,
        task_queue=task_queue(duty),
        workflows=WORKFLOWS if duty is Duty.ORCHESTRATE else [],
        activities=activities_of(duty, client, settings, channels),
        activity_executor=ThreadPoolExecutor(slots, thread_name_prefix=duty),
        max_concurrent_activities=slots,
        workflow_failure_exception_types=[pydantic.ValidationError],
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
        graceful_shutdown_timeout=GRACE,
    )


async def connect(settings: WorkerSettings, service: str) -> Client:
    """A Temporal client; waits for the server as long as it takes."""
    config = ClientConfig.load_client_connect_config()
    plugins = telemetry.plugins(settings.otlp_endpoint, service)
    runtime = telemetry.runtime(metrics_address=settings.metrics_address)
    while True:
        try:
            return await Client.connect(
                **config, data_converter=pydantic_data_converter, plugins=plugins, runtime=runtime
            )
        except (RPCError, RuntimeError) as error:
            log.warning("Temporal at %s does not answer yet: %s", config.get("target_host"), error)
            await asyncio.sleep(RECONNECT_EVERY)


async def ensure_schedules(client: Client) -> None:
    """The schedules of the sweep and of the check for drift: made once, brought up to date by every newer worker."""
    await _ensure_schedule(client, sweep_id(), SweepWorkflow.run, SWEEP_EVERY)
    await _ensure_schedule(client, drift_id(), DriftWorkflow.run, DRIFT_EVERY)


async def _ensure_schedule(client: Client, name: str, run: Callable[..., Awaitable[Any]], every: timedelta) -> None:
    action = ScheduleActionStartWorkflow(
        run, id=name, task_queue=task_queue(Duty.ORCHESTRATE), execution_timeout=SCHEDULED_TIMEOUT
    )
    schedule = Schedule(
        action=action,
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP),
    )
    try:
        await client.create_schedule(name, schedule)
    except ScheduleAlreadyRunningError:
        handle = client.get_schedule_handle(name)
        await handle.update(lambda _: ScheduleUpdate(schedule=schedule))


async def serve(duties: Sequence[Duty], settings: WorkerSettings, channels: Channels) -> None:
    """Run the workers until SIGTERM or SIGINT; what runs then gets 20 s to end."""
    client = await connect(settings, f"onward-worker-{'-'.join(duties)}")
    own = {duty: settings.only(duty) if len(duties) > 1 else settings for duty in duties}
    workers = [worker_for(duty, client, own[duty], channels) for duty in duties]
    if Duty.ORCHESTRATE in duties:
        await ensure_schedules(client)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with exporting_for(own):
        await _run(workers, stop, duties)


async def _run(workers: Sequence[Worker], stop: asyncio.Event, duties: Sequence[Duty]) -> None:
    async with running(workers, GRACE + CLOSING):
        log.info("serving %s", ", ".join(duties))
        await stop.wait()


@asynccontextmanager
async def running(workers: Sequence[Worker], patience: timedelta) -> AsyncIterator[None]:
    """Workers that run; afterwards they are shut down, all at once. One that fails cancels what runs with them.

    :param patience: how long they may take to end. One that takes longer is given up, and the log says so: the
        server sends its work to the next worker, as after a crash.
    :raises Exception: what one of the workers failed with, after all have ended.
    """
    body = asyncio.current_task()
    runs = [asyncio.create_task(worker.run()) for worker in workers]
    stops: list[asyncio.Task[None]] = []

    def cancel_the_body(_: asyncio.Task[None]) -> None:
        if body and not stops:
            body.cancel()

    for run in runs:
        run.add_done_callback(cancel_the_body)
    try:
        yield
    finally:
        stops += [asyncio.create_task(worker.shutdown()) for worker in workers]
        try:
            ended, late = await asyncio.wait(runs, timeout=patience.total_seconds())
        finally:
            for each in (*runs, *stops):
                each.cancel()
        for _ in late:
            log.warning("a worker has not ended %g s after it was told to; it is given up", patience.total_seconds())
        for each in ended:
            each.result()


def main() -> int:
    """Exit code 0 after a signal, 1 when a worker fails, 2 when the settings do not fit the duty or a file is wrong."""
    parser = argparse.ArgumentParser(description="Run one duty of Onward.")
    parser.add_argument("--duty", required=True, choices=[*(duty.value for duty in Duty), "all"])
    chosen = parser.parse_args().duty
    duties = list(Duty) if chosen == "all" else [Duty(chosen)]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = WorkerSettings()
        if len(duties) == 1:
            settings.checked_for(duties[0])
        channels = read_channels(settings)
        refuse_wrong_roots(settings)
        secrets = {settings.s3_access_key.get_secret_value(), settings.s3_secret_key.get_secret_value()}
        for handler in logging.getLogger().handlers:
            handler.addFilter(telemetry.Redaction(secrets | channels.secrets))
        asyncio.run(serve(duties, settings, channels))
    except (OnwardError, pydantic.ValidationError) as error:
        print(f"worker.py: {error}", file=sys.stderr)  # noqa: T201 – before any log is read
        return 2
    except Exception:
        log.exception("this worker has failed, and ends")
        return 1
    return 0


if __name__ == "__main__":
    code = main()
    telemetry.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a Python that used the SDK can abort in its exit handlers (sdk-python 300)
