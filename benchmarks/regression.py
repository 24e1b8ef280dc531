"""A regression of 1, 10, 50 and 100 trivial suites on real engines, against the ideal.

The ideal is a machine with room for everything at once: the slice up, the slowest suite, the slice
down, as this very regression took for them. Two cores run eight containers at once no faster than
two, so that the slowest suite is slow for the others' sake: the ratio to an ideal with the slowest of a
regression of one suite, which had the machine to itself, stands beside it. Then what a slice costs
with services that are unchanged, and with those kept warm. A whole stack is started on free ports, and
is gone afterwards.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from activities.manifest_reader import ManifestReader
from benchmarks import warm_slices
from benchmarks.own_stack import TRIVIAL_SUITE, own_stack
from domain import keys, workflow_ids
from domain.artifact import Digest
from domain.attestation import seal
from domain.identity import Duty, ServiceId
from domain.manifest import Manifest
from domain.regression_steps import RegressionRequest, RegressionResult
from domain.workflow_ids import task_queue
from duties.parts import object_store
from engines import docker_api
from engines.ed25519 import Ed25519Signer, load_trusted
from settings import StackSettings, WorkerSettings
from stack.credentials import Credentials
from stack.engine import bridge_gateway
from stack.places import StateDirectory
from stack.servers import BUCKET, temporal_address
from stack.workers import worker_environment
from workflows.regression import RegressionWorkflow

SIZES = (1, 10, 50, 100)


async def main() -> None:
    """Print one table."""
    with own_stack() as stack:
        application = stack.application()
        application.write("catalog/tests/integration/suite.py", TRIVIAL_SUITE)
        digest = application.release("catalog")["manifest"]["digest"]
        first, basis = _published(stack.settings, digest, max(SIZES))
        client = await Client.connect(temporal_address(stack.settings), data_converter=pydantic_data_converter)
        print("suites     wall    ideal  ratio slice up   suites   down  slowest  ratio to the slowest alone")
        alone = 0.0
        for size in SIZES:
            alone = await _measured(client, digest, dict(list(basis.items())[: size - 1]), alone)
        warm_slices.compare(stack.settings, first)


def _published(settings: StackSettings, digest: Digest, count: int) -> tuple[Manifest, dict[str, Digest]]:
    """A manifest, and signed ones of services that are all the same but for their role."""
    credentials = Credentials(StateDirectory(settings).keys, settings.name, BUCKET)
    gateway = bridge_gateway(docker_api.connect(settings.docker_host))
    os.environ |= worker_environment(settings, StateDirectory(settings), credentials, gateway, Duty.BUILD)
    store, signer = object_store(WorkerSettings()), Ed25519Signer.load(credentials.signing_key)
    first = ManifestReader(store, load_trusted(credentials.trusted_keys)).read_digest(digest)
    basis: dict[str, Digest] = {}
    for index in range(count):
        manifest = _under_another_name(first, f"role{index}")
        document = manifest.document()
        store.create(keys.manifest_key(manifest.digest), document)
        store.create(keys.envelope_key(manifest.digest), seal(document, signer).model_dump_json().encode())
        basis[manifest.service.role] = manifest.digest
    return first, basis


def _under_another_name(manifest: Manifest, role: str) -> Manifest:
    definition = manifest.definition.model_copy(update={"role": role, "ingress": None})
    service = ServiceId(application=definition.application, role=role)
    release = workflow_ids.release_id(service, manifest.commit)
    return manifest.model_copy(update={"release": release, "definition": definition, "service_directory": role})


async def _measured(client: Client, candidate: Digest, basis: dict[str, Digest], alone: float) -> float:
    """Print a row. ``alone``: the slowest suite of a regression of one, in seconds, which is returned."""
    request = RegressionRequest(
        release=f"release:bench-catalog:{uuid4().hex[:12]}",
        run=str(uuid4()),
        service=ServiceId(application="bench", role="catalog"),
        candidate=candidate,
        basis=basis,
        test=1,
    )
    start = time.perf_counter()
    regression = await client.start_workflow(
        RegressionWorkflow.run,
        request,
        id=workflow_ids.regression_id(request.release, 1),
        task_queue=task_queue(Duty.ORCHESTRATE),
    )
    result = await regression.result()
    wall = time.perf_counter() - start
    assert result.passed, result.failure
    took = await _activities(regression)
    up, down, slowest = max(took["bring_up"]), max(took["take_down"]), max(took["run_suite"])
    ideal = up + slowest + down
    suites = wall - up - down
    print(
        f"{len(result.suites):>6} {wall:>7.1f}s {ideal:>7.1f}s {wall / ideal:>6.2f}"
        f" {up:>7.1f}s {suites:>7.1f}s {down:>5.1f}s {slowest:>8.1f}s {wall / (up + (alone or slowest) + down):>6.2f}"
    )
    return alone or slowest


async def _activities(regression: WorkflowHandle[RegressionWorkflow, RegressionResult]) -> dict[str, list[float]]:
    """Activity → the seconds that each run of it took."""
    scheduled: dict[int, str] = {}
    began: dict[int, float] = {}
    took: defaultdict[str, list[float]] = defaultdict(list)
    for event in (await regression.fetch_history()).events:
        at = event.event_time.ToNanoseconds() / 1e9
        if event.HasField("activity_task_scheduled_event_attributes"):
            scheduled[event.event_id] = event.activity_task_scheduled_event_attributes.activity_type.name
        elif event.HasField("activity_task_started_event_attributes"):
            began[event.activity_task_started_event_attributes.scheduled_event_id] = at
        elif event.HasField("activity_task_completed_event_attributes"):
            number = event.activity_task_completed_event_attributes.scheduled_event_id
            took[scheduled[number]].append(at - began[number])
    return took


if __name__ == "__main__":
    asyncio.run(main())
