"""What each duty does: settings → stores, engines → activities. Only here a technology is chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from docker import DockerClient
from temporalio.client import Client

from activities.build import BuildActivities
from activities.combination import Combinations
from activities.deploy import DeployActivities
from activities.environment_evidence import EnvironmentEvidenceActivities
from activities.environment_reader import EnvironmentReader
from activities.evidence import EvidenceActivities
from activities.evidence_reader import EvidenceReader
from activities.fixes import FixActivities
from activities.gate import GateActivities
from activities.history import HistoryActivities
from activities.manifest import ManifestActivities
from activities.manifest_reader import ManifestReader
from activities.orphans import OrphanActivities
from activities.plan import PlanActivities
from activities.publish import PublishActivities
from activities.roll_forwards import RollForwardActivities
from activities.slices import SliceActivities
from activities.source import SourceActivities
from activities.store_reader import StoreReader
from activities.suites import SuiteActivities
from activities.targets import Targets
from activities.tell import TellActivities
from activities.verdict_reader import VerdictReader
from activities.verify import VerifyActivities
from domain.channels import Channels
from domain.channels_file import parse_channels
from domain.deployment import EnvironmentEngine
from domain.environment import Environment
from domain.errors import InvalidInput
from domain.identity import Duty
from domain.monitor import Alerts, NoAlerts
from domain.service import Kind
from domain.slice_names import slice_sites_bucket
from engines import docker_api
from engines.apprise_notifier import AppriseNotifier
from engines.builder import DockerBuilder
from engines.ed25519 import VERDICTS, Ed25519Signer, load_trusted
from engines.prometheus import PrometheusAlerts
from engines.site import SiteEngine
from engines.slice_sites import SliceSites
from engines.slices import SwarmSlices
from engines.suites import ContainerSuiteRunner
from engines.swarm import SwarmEngine
from settings import WorkerSettings
from stores.git import GitRepositories
from stores.registry import OciRegistry
from stores.s3 import BRISK, PATIENT, Limits, S3ObjectStore
from stores.s3_site import S3SiteBucket
from stores.snapshot import TarSnapshots

Activities = Sequence[Callable[..., Any]]


def object_store(settings: WorkerSettings, limits: Limits = PATIENT) -> S3ObjectStore:
    """Onward's own bucket."""
    return S3ObjectStore(bucket=settings.s3_bucket, limits=limits, **_s3_access(settings))


def site_bucket(settings: WorkerSettings, limits: Limits, name: str) -> S3SiteBucket:
    """The bucket of one site, under the same key."""
    return S3SiteBucket(bucket=name, limits=limits, **_s3_access(settings))


def manifest_reader(settings: WorkerSettings, limits: Limits = PATIENT) -> ManifestReader:
    """Reads manifests; believes the keys of the trusted directory."""
    return ManifestReader(object_store(settings, limits), load_trusted(settings.trusted_keys))


def build_activities(settings: WorkerSettings) -> Activities:
    """Git, the build engine, the registry, S3, the signing key."""
    store, snapshots, repositories = object_store(settings), TarSnapshots(), GitRepositories()
    builder = DockerBuilder(docker_api.connect(settings.build_docker_host))
    registry = OciRegistry(settings.registry, tls=settings.registry_tls)
    builds = BuildActivities(builder, registry, store, snapshots)
    asked = DockerBuilder(docker_api.connect(settings.build_docker_host, docker_api.BRISK))
    planned = BuildActivities(asked, registry, object_store(settings, BRISK), snapshots)
    sources = SourceActivities(repositories, store, snapshots)
    return [
        sources.fetch_source,
        sources.compare,
        FixActivities(repositories).examine,
        builds.build,
        PlanActivities(repositories, planned).plan_builds,
        HistoryActivities(repositories).changes,
        ManifestActivities(store, Ed25519Signer.load(settings.signing_key)).write_manifest,
    ]


def verdict_reader(settings: WorkerSettings) -> VerdictReader:
    """Reads verdicts; believes the keys of the directory ``verdicts`` among the trusted ones."""
    return VerdictReader(object_store(settings), load_trusted(settings.trusted_keys / VERDICTS))


def alerts(settings: WorkerSettings) -> Alerts:
    """Where it is asked which monitors fire, if anywhere."""
    return PrometheusAlerts(settings.prometheus_url) if settings.prometheus_url else NoAlerts()


def environment_engines(
    settings: WorkerSettings, client: DockerClient, limits: Limits
) -> dict[Kind, EnvironmentEngine]:
    """What deploys each kind of service; with brisk limits and such a client, what people ask."""
    buckets = partial(site_bucket, settings, limits)
    return {
        Kind.SERVICE: SwarmEngine(client, stack=settings.stack, endpoint_mode=settings.endpoint_mode),
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
    evidence = EnvironmentEvidenceActivities(engines, alerts(settings), store, _own_keys(settings))
    return [
        DeployActivities(targets, engines, edge_url).deploy,
        verify.check_replicas,
        verify.run_smoke,
        verify.bake,
        reader.deployed,
        reader.service_logs,
        evidence.collect,
    ]


def read_channels(settings: WorkerSettings) -> Channels:
    """Who is told, from the file that the settings name; nobody without one.

    :raises InvalidInput: the file cannot be read, or something in it is wrong.
    """
    file = settings.channels
    if file == Path():
        return Channels()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput(f"cannot be read: {reason}", where=f"ONWARD_CHANNELS={file}") from None
    return parse_channels(text, str(file), AppriseNotifier().understands)


def telling_activities(settings: WorkerSettings, channels: Channels) -> Activities:
    """Who is told of a roll-forward, and the record of who was."""
    return [TellActivities(object_store(settings), AppriseNotifier(), channels).tell]


def regression_activities(settings: WorkerSettings) -> Activities:
    """What the ci duty does beside its environment: slices, suites, verdicts, the published set, lookups."""
    store, manifests = object_store(settings), manifest_reader(settings)
    client = docker_api.connect(settings.docker_host(Duty.CI))
    sites = SliceSites(store, site_bucket(settings, PATIENT, slice_sites_bucket(settings.stack)), stack=settings.stack)
    slices = SwarmSlices(client, sites, stack=settings.stack, endpoint_mode=settings.endpoint_mode)
    combinations = Combinations(manifests, OciRegistry(settings.registry, tls=settings.registry_tls))
    cutting = SliceActivities(slices, combinations)
    runner = ContainerSuiteRunner(client, stack=settings.stack)
    suites = SuiteActivities(runner, store, combinations, Ed25519Signer.load(settings.verdict_key))
    publishing = PublishActivities(store, manifests, combinations, verdict_reader(settings))
    asked = object_store(settings, BRISK)
    lookups = StoreReader(asked, manifest_reader(settings, BRISK))
    return [
        cutting.bring_up,
        cutting.take_down,
        cutting.leftovers,
        suites.run_suite,
        suites.attest,
        publishing.published,
        publishing.publish,
        lookups.step_outputs,
        lookups.manifest,
        lookups.published_suites,
        EvidenceActivities(store, _own_keys(settings)).write,
        EvidenceReader(asked).evidence,
    ]


def orchestrating_activities(client: Client, remind_every: timedelta) -> Activities:
    """What needs Temporal and nothing else."""
    gates, roll_forwards = GateActivities(client), RollForwardActivities(client, remind_every)
    return [
        gates.join,
        gates.resume,
        gates.freeze,
        gates.unfreeze,
        gates.sweep_gates,
        gates.abandoned,
        roll_forwards.open,
        roll_forwards.reopen,
        roll_forwards.last_verified,
        OrphanActivities(client).orphans,
    ]


def _own_keys(settings: WorkerSettings) -> list[str]:
    """What this process must show nobody, whatever prints it."""
    return [key.get_secret_value() for key in (settings.s3_access_key, settings.s3_secret_key)]


def _s3_access(settings: WorkerSettings) -> dict[str, str]:
    return {
        "endpoint": settings.s3_endpoint,
        "access_key": settings.s3_access_key.get_secret_value(),
        "secret_key": settings.s3_secret_key.get_secret_value(),
        "region": settings.s3_region,
    }


def activities_of(duty: Duty, client: Client, settings: WorkerSettings, channels: Channels) -> Activities:
    """What a duty does.

    :param channels: whom the ci duty tells.
    """
    match duty:
        case Duty.ORCHESTRATE:
            return orchestrating_activities(client, settings.remind_every)
        case Duty.BUILD:
            return build_activities(settings)
        case Duty.CI:
            return [
                *environment_activities(settings, Environment.CI),
                *regression_activities(settings),
                *telling_activities(settings, channels),
            ]
        case Duty.PROD:
            return environment_activities(settings, Environment.PROD)
