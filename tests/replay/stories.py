"""What releases, gates and regressions go through, told once each to be recorded."""

from __future__ import annotations

import contextlib
import threading
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowFailureError

from domain.environment import Environment
from domain.gate import Gate
from domain.gate_decisions import Turn
from domain.gate_messages import GATE, GateState
from domain.identity import Duty, canonical_name
from domain.lookups import PlanRequest
from domain.monitor_state import ActiveAlert
from domain.release import ReleaseRequest
from domain.suite import SuiteOutcome, SuiteRun
from domain.workflow_ids import candidate_key, gate_id, lookup_id, task_queue
from tests.fakes.engines import failing, passing
from tests.fakes.onward import MemoryOnward
from tests.workflows.queueing import in_queue, let_go, publication, swept, together
from tests.workflows.releasing import Release, eventually, started
from workflows.lookups import PlanWorkflow
from workflows.release import ReleaseWorkflow


async def verified(client: Client, onward: MemoryOnward) -> Release:
    """Everything goes well."""
    return await ended(client, onward.commit())


WRITES = "writes: {queues: [orders], buckets: [receipts]}\n"


async def owner(client: Client, onward: MemoryOnward) -> Release:
    """It claims a queue and a bucket, and makes them in both environments."""
    return await ended(client, onward.commit(more=WRITES))


async def let_go_of(client: Client, onward: MemoryOnward) -> Release:
    """It does not write any more what its service owns."""
    await ended(client, onward.commit(more=WRITES))
    return await ended(client, onward.commit())


async def not_its_own(client: Client, onward: MemoryOnward) -> Release:
    """It writes what another service owns."""
    await ended(client, onward.commit(role="other", more=WRITES))
    return await ended(client, onward.commit(more=WRITES))


async def build_failed(client: Client, onward: MemoryOnward) -> Release:
    """A step of the image's build fails while the suite is built."""
    onward.builder.failing.add("RUN broken")
    return await ended(client, onward.commit(dockerfile="FROM base\nRUN broken\n"))


async def refused(client: Client, onward: MemoryOnward) -> Release:
    """The definition is invalid."""
    request = onward.commit()
    onward.repositories.commits[request.repository, request.commit]["cart/service.yaml"] += "colour: red\n"
    return await ended(client, request)


async def halted(client: Client, onward: MemoryOnward) -> Release:
    """The update pauses in ci."""
    request = onward.commit()
    onward.engine.sick.add(request.commit)
    return await ended(client, request)


async def baked(client: Client, onward: MemoryOnward) -> Release:
    """A monitor fires during the bake in prod."""
    request = onward.commit(more="verify: {bake: 1s}\n")
    since = datetime(2100, 1, 1, tzinfo=UTC)
    alert = ActiveAlert(labels={"role": "cart"}, firing=True, since=since, value="3e+00")
    onward.monitoring.active[canonical_name(Environment.PROD, request.service)] = {"TasksFail": alert}
    return await ended(client, request)


async def superseded(client: Client, onward: MemoryOnward) -> Release:
    """A newer release of the role is in ci already."""
    first = onward.commit()
    await ended(client, first)
    name = canonical_name(Environment.CI, first.service)
    onward.engine.states[name] = onward.engine.states[name].model_copy(update={"number": 99})
    return await ended(client, onward.commit(level="warning"))


async def cancelled(client: Client, onward: MemoryOnward) -> Release:
    """Somebody cancels during the build."""
    onward.builder.blocked = threading.Event()
    release = await started(client, onward.commit())
    async for event in release.fetch_history_events(wait_new_event=True):
        if "build image" in str(event.user_metadata.summary):
            break
    await release.cancel()
    await waited(release)
    return release


async def rejected(client: Client, onward: MemoryOnward) -> Release:
    """Its own suite fails, twice."""
    onward.runner.answers = lambda _: failing()
    return await ended(client, onward.commit())


async def tested_again(client: Client, onward: MemoryOnward) -> Release:
    """The release ahead of it fails, so it is tested without that one, and is published."""
    return (await _head_fails(client, onward))["b"]


async def gate(client: Client, onward: MemoryOnward) -> Any:
    """The gate in that story: it is running still."""
    await _head_fails(client, onward)
    return client.get_workflow_handle(gate_id(onward.application))


async def gate_carried_on(client: Client, onward: MemoryOnward) -> Any:
    """A gate that has continued as new with a decision that nobody was told yet."""
    key = candidate_key("release:x-y:0123456789ab", str(uuid4()))
    state = GateState(application=onward.application, gate=Gate(tests=7), decisions=(Turn(key=key),))
    carried = await client.start_workflow(
        GATE, state, id=gate_id(onward.application), task_queue=task_queue(Duty.ORCHESTRATE)
    )
    await ended(client, onward.commit())
    return carried


async def regression(client: Client, onward: MemoryOnward) -> Any:
    """One suite of three fails, and fails again."""
    onward.publish("other", "third")
    onward.runner.answers = lambda run: failing() if run.service.role == "other" else passing()
    return await _regression_of(client, await ended(client, onward.commit()))


async def regression_decided(client: Client, onward: MemoryOnward) -> Any:
    """One suite has failed for certain while another one still runs."""
    onward.publish("other", "slow")

    def answer(run: SuiteRun) -> SuiteOutcome:
        if run.service.role == "slow":
            time.sleep(2)
        return failing() if run.service.role == "other" else passing()

    onward.runner.answers = answer
    return await _regression_of(client, await ended(client, onward.commit()))


async def regression_cancelled(client: Client, onward: MemoryOnward) -> Any:
    """The release is cancelled while its slice comes up."""
    release = (await in_queue(client, onward, ["a"]))["a"]
    await eventually(lambda: len(onward.slices.there) == 1)
    child = await _regression_of(client, release)
    await release.cancel()
    let_go(onward)
    await waited(release)
    await waited(child)
    return child


async def sweep(client: Client, onward: MemoryOnward) -> Any:
    """A terminated release is taken out of its gate."""
    releases = await in_queue(client, onward, ["a", "b"])
    await releases["a"].terminate("gone")
    let_go(onward)
    await swept(client, onward)
    return client.get_workflow_handle(f"sweep-{onward.application}")


async def gate_frozen(client: Client, onward: MemoryOnward) -> Any:
    """A release waits for a freeze by hand to end."""
    gate = client.get_workflow_handle(gate_id(onward.application))
    await ended(client, onward.commit())
    reason = {"application": onward.application, "reason": "stock-taking (ann)"}
    await gate.execute_update("freeze", reason)
    waiting = await started(client, onward.commit(level="other"))
    await publication(waiting)
    await gate.execute_update("unfreeze", {"application": onward.application, "by": "ann"})
    await waited(waiting)
    return gate


async def plan(client: Client, onward: MemoryOnward) -> Any:
    """A lookup that asks three duties."""
    request = PlanRequest(release=onward.commit())
    lookup = await client.start_workflow(
        PlanWorkflow.run, request, id=lookup_id("plan", onward.application), task_queue=task_queue(Duty.ORCHESTRATE)
    )
    await waited(lookup)
    return lookup


async def _head_fails(client: Client, onward: MemoryOnward) -> dict[str, Release]:
    releases = await in_queue(client, onward, ["a", "b"])
    onward.runner.answers = lambda run: failing() if "a" in together(onward, run) else passing()
    let_go(onward)
    for release in releases.values():
        await waited(release)
    return releases


async def _regression_of(client: Client, release: Release) -> Any:
    progress = await release.query(ReleaseWorkflow.progress)
    assert progress.regression is not None
    return client.get_workflow_handle(progress.regression.workflow)


async def ended(client: Client, request: ReleaseRequest) -> Release:
    """A release that has ended, well or not."""
    release = await started(client, request)
    await waited(release)
    return release


async def waited(workflow: Any) -> None:
    """Wait for the end of a workflow: many stories end badly on purpose."""
    with contextlib.suppress(WorkflowFailureError):  # many stories end badly on purpose
        await workflow.result()
