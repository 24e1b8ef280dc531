"""Composition root: settings → stores, engines → activities → one Temporal worker per duty.

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
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pydantic
from temporalio.client import Client
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.service import RPCError
from temporalio.worker import Worker

import telemetry
from activities.build import BuildActivities
from activities.deploy import DeployActivities
from activities.environment_reader import EnvironmentReader
from activities.manifest import ManifestActivities
from activities.manifest_reader import ManifestReader
from activities.plan import PlanActivities
from activities.publish import PublishActivities
from activities.source import SourceActivities
from activities.store_reader import StoreReader
from activities.targets import Targets
from activities.verify import VerifyActivities
from domain.deployment import EnvironmentEngine
from domain.environment import Environment
from domain.errors import OnwardError
from domain.identity import Duty, task_queue
from domain.service import Kind
from engines import docker_api
from engines.builder import DockerBuilder
from engines.ed25519 import Ed25519Signer, load_trusted
from engines.site import SiteEngine
from engines.suites import ContainerSuiteRunner
from engines.swarm import SwarmEngine
from settings import WorkerSettings
from stores.git import GitRepositories
from stores.registry import OciRegistry
from stores.s3 import S3ObjectStore
from stores.s3_site import S3SiteBucket
from stores.snapshot import TarSnapshots
from workflows.lookups import LOOKUPS
from workflows.release import ReleaseWorkflow

log = logging.getLogger("onward.worker")

GRACE = timedelta(seconds=20)
RECONNECT_EVERY = 1.0

Activities = Sequence[Callable[..., Any]]


def object_store(settings: WorkerSettings) -> S3ObjectStore:
    """Onward's own bucket."""
    return S3ObjectStore(bucket=settings.s3_bucket, **_s3_access(settings))


def site_bucket(settings: WorkerSettings, name: str) -> S3SiteBucket:
    """The bucket of one site, under the same key."""
    return S3SiteBucket(bucket=name, **_s3_access(settings))


def manifest_reader(settings: WorkerSettings) -> ManifestReader:
    """Reads manifests; believes the keys of the trusted directory."""
    return ManifestReader(object_store(settings), load_trusted(settings.trusted_keys))


def build_activities(settings: WorkerSettings) -> Activities:
    """Git, the build engine, the registry, S3, the signing key."""
    store, snapshots, repositories = object_store(settings), TarSnapshots(), GitRepositories()
    builder = DockerBuilder(docker_api.connect(settings.build_docker_host))
    registry = OciRegistry(settings.registry, tls=settings.registry_tls)
    builds = BuildActivities(builder, registry, store, snapshots)
    return [
        SourceActivities(repositories, store, snapshots).fetch_source,
        builds.build,
        PlanActivities(repositories, builds).plan_builds,
        ManifestActivities(store, Ed25519Signer.load(settings.signing_key)).write_manifest,
    ]


def environment_activities(settings: WorkerSettings, environment: Environment) -> Activities:
    """One environment's engine; for ``ci`` also what only needs S3."""
    store, manifests = object_store(settings), manifest_reader(settings)
    client = docker_api.connect(settings.docker_host(Duty(environment)))
    engines: dict[Kind, EnvironmentEngine] = {
        Kind.SERVICE: SwarmEngine(client, stack=settings.stack, endpoint_mode=settings.endpoint_mode),
        Kind.STATIC: SiteEngine(store, partial(site_bucket, settings), stack=settings.stack),
    }
    registry = OciRegistry(settings.registry, tls=settings.registry_tls)
    targets = Targets(environment, store, registry, manifests)
    edge_url = settings.edge_ci_url if environment is Environment.CI else settings.edge_prod_url
    verify = VerifyActivities(targets, engines, ContainerSuiteRunner(client, stack=settings.stack), store)
    reader = EnvironmentReader(engines)
    own: Activities = [
        DeployActivities(targets, engines, edge_url).deploy,
        verify.check_replicas,
        verify.run_smoke,
        verify.bake,
        reader.deployed,
        reader.service_logs,
    ]
    if environment is Environment.PROD:
        return own
    lookups = StoreReader(store, manifests)
    return [*own, PublishActivities(store, manifests).publish, lookups.step_outputs, lookups.manifest]


def _s3_access(settings: WorkerSettings) -> dict[str, str]:
    return {
        "endpoint": settings.s3_endpoint,
        "access_key": settings.s3_access_key.get_secret_value(),
        "secret_key": settings.s3_secret_key.get_secret_value(),
        "region": settings.s3_region,
    }


def worker_for(duty: Duty, client: Client, settings: WorkerSettings) -> Worker:
    """The worker of one duty; the settings hold its keys and no others."""
    settings = settings.checked_for(duty)
    slots = settings.build_slots if duty is Duty.BUILD else settings.slots
    own: Activities = []
    if duty is Duty.BUILD:
        own = build_activities(settings)
    elif duty is not Duty.ORCHESTRATE:
        own = environment_activities(settings, Environment(duty))
    return Worker(
        client,
        task_queue=task_queue(duty),
        workflows=[ReleaseWorkflow, *LOOKUPS] if duty is Duty.ORCHESTRATE else [],
        activities=own,
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
    runtime = telemetry.metrics_runtime(settings.metrics_address)
    while True:
        try:
            return await Client.connect(
                **config, data_converter=pydantic_data_converter, plugins=plugins, runtime=runtime
            )
        except (RPCError, RuntimeError) as error:
            log.warning("Temporal at %s does not answer yet: %s", config.get("target_host"), error)
            await asyncio.sleep(RECONNECT_EVERY)


async def serve(duties: Sequence[Duty], settings: WorkerSettings) -> None:
    """Run the workers until SIGTERM or SIGINT; what runs then gets 20 s to end."""
    client = await connect(settings, f"onward-worker-{'-'.join(duties)}")
    workers = [worker_for(duty, client, settings.only(duty) if len(duties) > 1 else settings) for duty in duties]
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runs = [asyncio.create_task(worker.run()) for worker in workers]
    log.info("serving %s", ", ".join(duties))
    await asyncio.wait([asyncio.create_task(stop.wait()), *runs], return_when=asyncio.FIRST_COMPLETED)
    await asyncio.gather(*(worker.shutdown() for worker in workers))
    await asyncio.gather(*runs)


def main() -> int:
    """Exit code 0 after a signal, 2 when the settings do not fit the duty."""
    parser = argparse.ArgumentParser(description="Run one duty of Onward.")
    parser.add_argument("--duty", required=True, choices=[*(duty.value for duty in Duty), "all"])
    chosen = parser.parse_args().duty
    duties = list(Duty) if chosen == "all" else [Duty(chosen)]
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = WorkerSettings()
        secrets = [settings.s3_access_key.get_secret_value(), settings.s3_secret_key.get_secret_value()]
        for handler in logging.getLogger().handlers:
            handler.addFilter(telemetry.Redaction(secrets))
        if len(duties) == 1:
            settings.checked_for(duties[0])
        asyncio.run(serve(duties, settings))
    except (OnwardError, pydantic.ValidationError) as error:
        print(f"worker.py: {error}", file=sys.stderr)  # noqa: T201 – before any log is read
        return 2
    return 0


if __name__ == "__main__":
    code = main()
    telemetry.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # a Python that used the SDK can abort in its exit handlers (sdk-python 300)
