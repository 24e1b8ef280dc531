"""The ci and prod duties: each its environment's engines."""

from __future__ import annotations

from functools import partial

from docker import DockerClient

from activities.backup import BackupActivities
from activities.deploy import DeployActivities
from activities.environment_evidence import EnvironmentEvidenceActivities
from activities.environment_reader import EnvironmentReader
from activities.migrate import MigrateActivities
from activities.targets import Targets
from activities.verify import VerifyActivities
from domain.deployment import EnvironmentEngine
from domain.environment import Environment
from domain.identity import Duty
from domain.service import Kind
from duties.parts import Activities, alerts, manifest_reader, object_store, own_keys, site_bucket, verdict_reader
from engines import docker_api
from engines.site import SiteEngine
from engines.suites import ContainerSuiteRunner
from engines.swarm import SwarmEngine
from engines.swarm_backups import SwarmBackups
from engines.swarm_migrations import SwarmMigrations
from settings import WorkerSettings
from stores.registry import OciRegistry
from stores.s3 import BRISK, PATIENT, Limits


def environment_engines(
    settings: WorkerSettings, client: DockerClient, limits: Limits
) -> dict[Kind, EnvironmentEngine]:
    """What deploys each kind of service; with brisk limits and such a client, what people ask."""
    buckets = partial(site_bucket, settings, limits)
    swarm = partial(SwarmEngine, client, stack=settings.stack, endpoint_mode=settings.endpoint_mode)
    return {
        Kind.SERVICE: swarm(kind=Kind.SERVICE),
        Kind.DATASTORE: swarm(kind=Kind.DATASTORE),
        Kind.STATIC: SiteEngine(object_store(settings, limits), buckets, stack=settings.stack),
    }


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
    reader = EnvironmentReader(environment_engines(settings, asked, BRISK))
    evidence = EnvironmentEvidenceActivities(engines, alerts(settings), store, own_keys(settings))
    migrations = SwarmMigrations(client, stack=settings.stack, endpoint_mode=settings.endpoint_mode)
    return [
        BackupActivities(targets, engines, SwarmBackups(client, stack=settings.stack), store).back_up,
        MigrateActivities(targets, engines, migrations, store).migrate,
        DeployActivities(targets, engines, edge_url).deploy,
        verify.check_replicas,
        verify.run_smoke,
        verify.bake,
        reader.deployed,
        reader.service_logs,
        evidence.collect,
    ]
