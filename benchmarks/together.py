"""Six releases of one application at once against one alone, on real engines; with speculation and without.

Each release changes only the configuration of its service, so that nothing is built: what is left is the
gate, slices, suites and deploys to ci and prod. Without speculation the gate is one whose window is 1 for good. A
whole stack is started on free ports, and is gone afterwards.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import time
from pathlib import Path

from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter

from benchmarks.own_stack import TRIVIAL_SUITE, own_stack
from domain.gate import Gate
from domain.gate_messages import GATE, GateState
from domain.identity import Duty
from domain.workflow_ids import gate_id, task_queue
from stack.servers import temporal_address
from tests.e2e.application import Application

ROLES = tuple(f"role{number}" for number in range(6))
IN_TURN = Gate(window=1, smallest=1, largest=1)


async def main() -> None:
    """Print one line for each kind of gate."""
    with own_stack() as stack:
        client = await Client.connect(temporal_address(stack.settings), data_converter=pydantic_data_converter)
        for name, gate in (("ahead", Gate()), ("inturn", IN_TURN)):
            state = GateState(application=name, gate=gate)
            await client.start_workflow(GATE, state, id=gate_id(name), task_queue=task_queue(Duty.ORCHESTRATE))
            alone, together = _measured(stack.application(name))
            kind = "without speculation" if gate is IN_TURN else "with speculation"
            print(f"{kind:20} alone {alone:5.1f} s, six at once {together:5.1f} s = {together / alone:.2f} ×")


def _measured(application: Application) -> tuple[float, float]:
    """Seconds of one release, and of all roles' at once; each was released before."""
    for role in ROLES:
        _copied(application.repository, role)
    _timed(application, ROLES)
    return _timed(application, ROLES[:1]), _timed(application, ROLES)


def _copied(repository: Path, role: str) -> None:
    """Another service with the code of catalog, and a suite that takes no time."""
    shutil.copytree(repository / "catalog", repository / role)
    definition = repository / role / "service.yaml"
    text = definition.read_text().replace("role: catalog", f"role: {role}").replace("/catalog}", f"/{role}}}")
    definition.write_text(text)
    (repository / role / "tests" / "integration" / "suite.py").write_text(TRIVIAL_SUITE)


def _timed(application: Application, roles: tuple[str, ...]) -> float:
    for role in roles:
        text = (application.repository / role / "service.yaml").read_text()
        application.write(f"{role}/service.yaml", re.sub(r"LOG_LEVEL: \w+", f"LOG_LEVEL: l{time.time_ns()}", text))
    start = time.perf_counter()
    application.release_together(*roles)
    return time.perf_counter() - start


if __name__ == "__main__":
    asyncio.run(main())
