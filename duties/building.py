"""The build duty: git, the build engine, the registry, S3, the signing key."""

from __future__ import annotations

from activities.build import BuildActivities
from activities.claims import ClaimActivities
from activities.fixes import FixActivities
from activities.history import HistoryActivities
from activities.manifest import ManifestActivities
from activities.plan import PlanActivities
from activities.source import SourceActivities
from duties.parts import Activities, object_store
from engines import docker_api
from engines.builder import DockerBuilder
from engines.ed25519 import Ed25519Signer
from engines.promtool import Promtool
from settings import WorkerSettings
from stores.git import GitRepositories
from stores.registry import OciRegistry
from stores.s3_client import BRISK
from stores.snapshot import TarSnapshots


def build_activities(settings: WorkerSettings) -> Activities:
    """Git, the build engine, the registry, S3, the signing key."""
    store, snapshots, repositories = object_store(settings), TarSnapshots(), GitRepositories()
    builder = DockerBuilder(docker_api.connect(settings.build_docker_host))
    tester = Promtool()
    registry = OciRegistry(settings.registry, tls=settings.registry_tls)
    builds = BuildActivities(builder, registry, store, snapshots, tester)
    asked = DockerBuilder(docker_api.connect(settings.build_docker_host, docker_api.BRISK))
    planned = BuildActivities(asked, registry, object_store(settings, BRISK), snapshots, tester)
    sources = SourceActivities(repositories, store, snapshots)
    return [
        sources.fetch_source,
        sources.compare,
        FixActivities(repositories).examine,
        builds.build,
        ClaimActivities(store).claim,
        PlanActivities(repositories, planned).plan_builds,
        HistoryActivities(repositories).changes,
        ManifestActivities(store, Ed25519Signer.load(settings.signing_key)).write_manifest,
    ]
