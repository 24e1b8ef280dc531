"""The gate's decisions per second in memory, and what speculation is worth.

Six releases of one application at the same time, against one alone: a real Temporal server, the
real workflows and activities, engines in memory that take as long as the real ones did on two
cores (a slice 1.5 s, a suite 2 s, a deploy 2 s). Without speculation the window is one.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Sequence

from temporalio.client import Client

from domain.artifact import digest_of
from domain.deployment import Action, Deployment
from domain.gate import Gate
from domain.gate_decisions import Decision, Publish, Test, Turn
from domain.gate_messages import GATE, GateState
from domain.identity import Duty
from domain.progress import Progress
from domain.slices import SliceOwner, SliceUp
from domain.suite import SuiteOutcome, SuiteRun
from domain.workflow_ids import gate_id, task_queue
from tests.fakes.engines import passing
from tests.fakes.onward import MemoryOnward
from tests.workflows.conftest import local_server
from tests.workflows.releasing import released

CANDIDATES = 20_000
AT_ONCE = 6
SLICE, SUITE, DEPLOY = 1.5, 2.0, 2.0  # seconds


async def main() -> None:
    """Print one table."""
    logging.disable(logging.WARNING)
    decisions, seconds = decided()
    rows = [(f"gate decisions per second ({CANDIDATES} candidates, one in ten fails)", f"{decisions / seconds:,.0f}")]
    async with await local_server() as environment:
        alone, together = await _alone_and_together(environment.client)
        _, in_turn = await _alone_and_together(environment.client, Gate(window=1, smallest=1, largest=1))
    rows += [
        ("one release alone", f"{alone:.1f} s"),
        (f"{AT_ONCE} at once", f"{together:.1f} s = {together / alone:.2f} ×"),
        (f"{AT_ONCE} at once, without speculation", f"{in_turn:.1f} s = {in_turn / alone:.2f} ×"),
    ]
    for name, value in rows:
        print(f"{name:64} {value:>18}")


def decided() -> tuple[int, float]:
    """Candidates of 50 roles go through a gate, ten in it at a time; decisions, and the seconds they took."""
    dice, gate, count = random.Random(7), Gate(), 0  # noqa: S311 – a workload, not a secret
    running: list[Test] = []
    start = time.perf_counter()

    def follow(decisions: list[Decision]) -> None:
        nonlocal count
        open_ones = list(decisions)
        while open_ones:
            each = open_ones.pop()
            count += 1
            match each:
                case Test():
                    running.append(each)
                case Publish():
                    open_ones += gate.wrote(each.key, count)
                case Turn():
                    open_ones += gate.deployed(each.key)

    for index in range(CANDIDATES):
        follow(gate.join(f"release-{index}", f"role-{index % 50}", digest_of(str(index).encode())))
        while len(gate.queue) > 10:
            test = running.pop(dice.randrange(len(running)))
            follow(gate.verdict(test.key, test.test, passed=dice.random() > 0.1, verdict=digest_of(b"v")))
    return count, time.perf_counter() - start


async def _alone_and_together(client: Client, gate: Gate | None = None) -> tuple[float, float]:
    onward = _slow()
    async with onward.workers(client):
        if gate:
            state = GateState(application=onward.application, gate=gate)
            queue = task_queue(Duty.ORCHESTRATE)
            await client.start_workflow(GATE, state, id=gate_id(onward.application), task_queue=queue)
        await released(client, onward.commit("warm-up"))
        start = time.perf_counter()
        await released(client, onward.commit("alone"))
        alone = time.perf_counter() - start
        start = time.perf_counter()
        await asyncio.gather(*(released(client, onward.commit(f"role-{index}")) for index in range(AT_ONCE)))
        return alone, time.perf_counter() - start


def _slow() -> MemoryOnward:
    onward = MemoryOnward()
    up, deploy = onward.slices.up, onward.engine.deploy

    def slice_up(owner: SliceOwner, deployments: Sequence[Deployment], progress: Progress) -> SliceUp:
        time.sleep(SLICE)
        return up(owner, deployments, progress)

    def suite(_: SuiteRun) -> SuiteOutcome:
        time.sleep(SUITE)
        return passing()

    def deployed(deployment: Deployment, progress: Progress) -> Action:
        time.sleep(DEPLOY)
        return deploy(deployment, progress)

    onward.slices.up = slice_up  # type: ignore[method-assign]
    onward.runner.answers = suite
    onward.engine.deploy = deployed  # type: ignore[method-assign]
    return onward


if __name__ == "__main__":
    asyncio.run(main())
