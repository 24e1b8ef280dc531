"""The ci and prod duties: each its environment's engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from docker import DockerClient

from activities.backup import BackupActivities
from activities.bake import BakeActivities
from activities.batch_runs import BatchRunActivities
from activities.bootstrap import BootstrapActivities
from activities.deploy import DeployActivities
from activities.discovery import DiscoveryReader
from activities.drift import DriftActivities
from activities.environment_evidence import EnvironmentEvidenceActivities
from activities.environment_reader import EnvironmentReader
from activities.last_runs import KeptRuns
from activities.migrate import MigrateActivities
from activities.monitors import MonitorActivities, MonitorReader
from activities.resources import ResourceActivities
from activities.scale import ScaleActivities
from activities.targets import Targets
from activities.verify import VerifyActivities
from domain.batch import LastRuns
from domain.deployment import EnvironmentEngine
from domain.environment import Environment
from domain.identity import Duty
from domain.service import Kind
from duties.foundation import foundation
from duties.parts import (
    Activities,
    alerts,
    backup_store,
    manifest_reader,
    monitoring,
    object_store,
    own_keys,
    reach,
    site_bucket,
    verdict_reader,
)
from engines import docker_api
from engines.disk_exporter import DiskCollector
from engines.replica_exporter import ReplicaCollector
from engines.run_metrics import RunMetrics
from engines.site import SiteEngine
from engines.suites import ContainerSuiteRunner
from engines.swarm import SwarmEngine
from engines.swarm_backups import SwarmBackups
from engines.swarm_disks import SwarmDisks
from engines.swarm_jobs import SwarmJobs
from engines.swarm_migrations import SwarmMigrations
from engines.swarm_runs import SwarmRuns
from engines.swarm_scale import SwarmScaler
from settings import WorkerSettings
from stores.registry import OciRegistry
from stores.s3_client import BRISK, PATIENT, Limits


def environment_engines(
    settings: WorkerSettings, client: DockerClient, limits: Limits
) -> dict[Kind, EnvironmentEngine]:
    """What deploys each kind of service; with brisk limits and such a client, what people ask.

    A job comes before a service: it is a service to the swarm, too.
    """
    buckets = partial(site_bucket, settings, limits)
    found = reach(settings, limits)
    swarm = partial(SwarmEngine, client, stack=settings.stack, endpoint_mode=settings.endpoint_mode, reach=found)
    return {
        Kind.BATCH: SwarmJobs(client, stack=settings.stack, endpoint_mode=settings.endpoint_mode, reach=found),
        Kind.SERVICE: swarm(kind=Kind.SERVICE),
        Kind.DATASTORE: swarm(kind=Kind.DATASTORE),
        Kind.STATIC: SiteEngine(object_store(settings, limits), buckets, stack=settings.stack),
    }


def replica_collector(settings: WorkerSettings, environment: Environment) -> ReplicaCollector:
    """What tells Prometheus of an environment's replicas. A site has none."""
    client = docker_api.connect(settings.docker_host(Duty(environment)), docker_api.BRISK)
    engines = environment_engines(settings, client, BRISK)
    return ReplicaCollector(environment, [engine for kind, engine in engines.items() if kind is not Kind.STATIC])


def disk_collector(settings: WorkerSettings, environment: Environment) -> DiskCollector:
    """What tells Prometheus of the disks of an environment's datastores."""
    client = docker_api.connect(settings.docker_host(Duty(environment)), docker_api.BRISK)
    return DiskCollector(environment, SwarmDisks(client, environment, stack=settings.stack))


def last_runs(settings: WorkerSettings, environment: Environment) -> Callable[[], Iterable[LastRuns]]:
    """Reads when the runs of an environment's jobs last ended, whichever worker saw it."""
    return partial(KeptRuns(object_store(settings)).of, environment)


def environment_activities(settings: WorkerSettings, environment: Environment) -> Activities:
    """One environment's engine."""
    store, manifests = object_store(settings), manifest_reader(settings)
    client = docker_api.connect(settings.docker_host(Duty(environment)))
    engines = environment_engines(settings, client, PATIENT)
    asked = docker_api.connect(settings.docker_host(Duty(environment)), docker_api.BRISK)
    registry = OciRegistry(settings.registry, tls=settings.registry_tls)
    targets = Targets(environment, store, registry, manifests, verdict_reader(settings))
    edge_url = settings.edge_ci_url if environment is Environment.CI else settings.edge_prod_url
    verify = VerifyActivities(targets, engines, ContainerSuiteRunner(client, stack=settings.stack), store)
    monitors, own = MonitorReader(targets, store), monitoring(settings)
    looked_at = environment_engines(settings, asked, BRISK)
    reader = EnvironmentReader(looked_at, object_store(settings, BRISK))
    resources = resource_activities(settings, targets)
    scaling = ScaleActivities(
        environment, engines[Kind.SERVICE], SwarmScaler(client, settings.stack), manifests, object_store(settings)
    )
    sizes = ScaleActivities(
        environment,
        looked_at[Kind.SERVICE],
        SwarmScaler(asked, settings.stack),
        manifest_reader(settings, BRISK),
        object_store(settings, BRISK),
    )
    evidence = EnvironmentEvidenceActivities(engines, alerts(settings), store, own_keys(settings))
    bootstrap = BootstrapActivities(environment, foundation(settings, environment, client), store)
    compared = BootstrapActivities(environment, foundation(settings, environment, asked), object_store(settings, BRISK))
    runs = BatchRunActivities(environment, SwarmRuns(client, stack=settings.stack), store, RunMetrics())
    jobs = BatchRunActivities(environment, SwarmRuns(asked, stack=settings.stack), store, RunMetrics())
    migrations = SwarmMigrations(
        client, stack=settings.stack, endpoint_mode=settings.endpoint_mode, reach=reach(settings)
    )
    return [
        BackupActivities(
            targets, engines, SwarmBackups(client, stack=settings.stack), store, backup_store(settings)
        ).back_up,
        MigrateActivities(targets, engines, migrations, store).migrate,
        DeployActivities(targets, engines, edge_url).deploy,
        MonitorActivities(monitors, own, environment).install_monitors,
        verify.check_replicas,
        verify.run_smoke,
        BakeActivities(targets, engines, monitors, own).bake,
        reader.deployed,
        reader.service_logs,
        evidence.collect,
        discovery(settings, looked_at, edge_url).discover,
        resources.provision,
        *([resources.let_go] if environment is Environment.CI else []),
        compared.compare_environment,
        bootstrap.lay_environment,
        DriftActivities(engines, object_store(settings)).check_drift,
        sizes.sizes,
        scaling.scale,
        scaling.mirror,
        jobs.job,
        runs.going,
        runs.begin,
        runs.watch,
        runs.end,
    ]


def discovery(settings: WorkerSettings, engines: dict[Kind, EnvironmentEngine], edge_url: str) -> DiscoveryReader:
    """What people ask of what there is, with limits to match."""
    servers = reach(settings, BRISK)
    return DiscoveryReader(engines, manifest_reader(settings, BRISK), servers.queues, servers.buckets, edge_url)


def resource_activities(settings: WorkerSettings, targets: Targets) -> ResourceActivities:
    """What a deploy does about queues and buckets."""
    servers = reach(settings)
    return ResourceActivities(targets, object_store(settings), servers.queues, servers.buckets, stack=settings.stack)
