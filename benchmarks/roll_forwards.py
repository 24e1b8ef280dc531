"""What many open roll-forwards cost: memory, the answers to people, and the sweep that looks at all of them.

A real Temporal server on a SQLite file (with the stack's pragmas), the real workflows and activities, stores and
engines in memory, one worker process with all duties – this one. The client is in it too, so the figures are
lower bounds. Two hundred releases are terminated, so that only the sweep can find them; they are of twenty
applications, whose gates are frozen for all of them.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
import time
from collections.abc import Awaitable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from activities.orphans import SETTLED, OrphanActivities
from activities.roll_forwards import RollForwardActivities
from benchmarks.memory import resident
from domain.errors import Unreachable
from domain.evidence import FailedRelease
from domain.identity import ServiceId
from domain.release import ReleaseRequest, Stage
from domain.roll_forward_messages import Acknowledge
from domain.workflow_ids import roll_forward_id
from stack.servers import temporal_config
from starter.roll_forwards import Handle, RollForwards
from tests.fakes.onward import MemoryOnward
from tests.workflows.conftest import TEMPORAL
from tests.workflows.releasing import released
from workflows import attributes
from workflows.release import ReleaseWorkflow
from workflows.starting import release_options

PRAGMAS = ["--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=1"]
APPLICATIONS, SERVICES = 20, 10
OPEN = APPLICATIONS * SERVICES
AT_ONCE = 20

Answer = TypeVar("Answer")


async def main() -> None:
    """Print one table."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as directory:
        environment = await WorkflowEnvironment.start_local(
            data_converter=pydantic_data_converter,
            dev_server_existing_path=str(TEMPORAL),
            dev_server_database_filename=str(Path(directory, "temporal.db")),
            dev_server_extra_args=[*PRAGMAS, *temporal_config()],
            search_attributes=attributes.ALL,
        )
        async with environment:
            rows = await _measured(environment.client)
    for name, value in rows:
        print(f"{name:64} {value:>18}")


async def _measured(client: Client) -> list[tuple[str, str]]:
    onward, found = MemoryOnward(), RollForwards(client)
    orphans, opening = OrphanActivities(client), RollForwardActivities(client, onward.remind_every)
    await _many(_terminated(client, _request(index)) for index in range(OPEN))
    async with onward.workers(client):
        await released(client, onward.commit("warm-up"))
        await asyncio.sleep(SETTLED.total_seconds())
        finding, swept = await _timed(orphans.orphans())
        before = resident()
        opened, _ = await _timed(_opened(found, opening, [_in_prod(each) for each in swept.releases]))
        after = resident()
        handles = [found.find(roll_forward_id(_service(index))) for index in range(OPEN)]
        views = [(await _timed(found.view(each)))[0] for each in handles]
        acks = [(await _timed(found.say(each, "ack", Acknowledge(by="ann"))))[0] for each in handles]
        listing, listed = await _timed(_rows(found))
        again, nothing = await _timed(orphans.orphans())
    if (len(listed), len(nothing.releases)) != (OPEN, 0):
        raise SystemExit(f"{len(listed)} are open, and {len(nothing.releases)} releases have none")
    return [
        (f"a sweep that finds {OPEN} terminated releases", f"{finding:.1f} s"),
        (f"opening {OPEN} roll-forwards, until all have their evidence", f"{opened:.1f} s"),
        ("memory of the worker process before and after", f"{before:.0f} → {after:.0f} MiB"),
        ("a query (view), p50 and p95", _percentiles(views)),
        ("an update (ack), p50 and p95", _percentiles(acks)),
        ("onward roll-forwards", f"{listing:.2f} s"),
        ("a sweep with all of them there", f"{again:.2f} s"),
    ]


async def _terminated(client: Client, request: ReleaseRequest) -> None:
    """No worker runs yet: nothing of it is done."""
    handle = await client.start_workflow(ReleaseWorkflow.run, request, **release_options(request))
    await handle.terminate()


async def _opened(found: RollForwards, opening: RollForwardActivities, failed: list[FailedRelease]) -> None:
    await _many(_one_opened(found, opening, each) for each in failed)


async def _one_opened(found: RollForwards, opening: RollForwardActivities, failed: FailedRelease) -> None:
    handle = found.find(await opening.open(failed))
    while not await _is_served(found, handle):  # noqa: ASYNC110 – it is in no event of this process
        await asyncio.sleep(0.1)


async def _is_served(found: RollForwards, handle: Handle) -> bool:
    """Whether its evidence is there and the deploys are frozen; a worker that is too busy to answer is asked again."""
    try:
        view = await found.view(handle)
    except Unreachable:
        return False
    return view.frozen and view.incident.last_failed.evidence != ""


async def _rows(found: RollForwards) -> list[Any]:
    return [row async for row in found.rows(closed=False)]


async def _many(work: Iterable[Awaitable[None]]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(each: Awaitable[None]) -> None:
        async with places:
            await each

    await asyncio.gather(*(one(each) for each in work))


async def _timed(work: Awaitable[Answer]) -> tuple[float, Answer]:
    start = time.perf_counter()
    answer = await work
    return time.perf_counter() - start, answer


def _in_prod(failed: FailedRelease) -> FailedRelease:
    """The same as one that had begun to change prod, so that deploys are frozen."""
    failure = failed.result.failure
    if failure is None:
        raise SystemExit(f"{failed.result.release} has no failure")
    result = failed.result.model_copy(update={"failure": failure.model_copy(update={"stage": Stage.DEPLOY_PROD})})
    return failed.model_copy(update={"result": result})


def _request(index: int) -> ReleaseRequest:
    service = _service(index)
    return ReleaseRequest(
        application=service.application,
        role=service.role,
        repository="https://git.test/many",
        commit=f"{index:040x}",
        service_directory=service.role,
    )


def _service(index: int) -> ServiceId:
    return ServiceId(application=f"many{index // SERVICES}", role=f"role{index % SERVICES}")


def _percentiles(times: list[float]) -> str:
    times = sorted(times)
    return f"{1000 * times[len(times) // 2]:.0f} and {1000 * times[len(times) * 95 // 100]:.0f} ms"


if __name__ == "__main__":
    asyncio.run(main())
