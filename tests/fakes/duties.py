"""The activities of each duty over what is in memory, as ``duties`` wires them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from temporalio.client import Client

from activities.backup import BackupActivities
from activities.bake import BakeActivities
from activities.bootstrap import BootstrapActivities
from activities.build import BuildActivities
from activities.claims import ClaimActivities
from activities.combination import Combinations
from activities.deploy import DeployActivities
from activities.discovery import DiscoveryReader
from activities.drift import DriftActivities
from activities.environment_evidence import EnvironmentEvidenceActivities
from activities.environment_reader import EnvironmentReader
from activities.evidence import EvidenceActivities
from activities.evidence_reader import EvidenceReader
from activities.fixes import FixActivities
from activities.history import HistoryActivities
from activities.manifest import ManifestActivities
from activities.migrate import MigrateActivities
from activities.monitors import MonitorActivities, MonitorReader
from activities.owner_reader import OwnerReader
from activities.plan import PlanActivities
from activities.publish import PublishActivities
from activities.resources import ResourceActivities
from activities.scale import ScaleActivities
from activities.slices import SliceActivities
from activities.source import SourceActivities
from activities.store_reader import StoreReader
from activities.suites import SuiteActivities
from activities.targets import Targets
from activities.tell import TellActivities
from activities.verify import VerifyActivities
from domain.environment import ENVIRONMENTS
from domain.identity import Duty, duty_of
from domain.service import Kind
from duties.orchestrating import orchestrating_activities
from tests.fakes.snapshots import PlainSnapshots

if TYPE_CHECKING:
    from tests.fakes.onward import MemoryOnward


def activities_of(memory: MemoryOnward, duty: Duty, client: Client) -> list[Callable[..., Any]]:
    """The activities of a duty, as ``duties`` wires them."""
    if duty is Duty.ORCHESTRATE:
        return list(orchestrating_activities(client, memory.remind_every))
    if duty is Duty.BUILD:
        builds = BuildActivities(memory.builder, memory.registry, memory.store, PlainSnapshots(), memory.tester)
        sources = SourceActivities(memory.repositories, memory.store, PlainSnapshots())
        return [
            sources.fetch_source,
            sources.compare,
            FixActivities(memory.repositories).examine,
            builds.build,
            ClaimActivities(memory.store).claim,
            PlanActivities(memory.repositories, builds).plan_builds,
            HistoryActivities(memory.repositories).changes,
            ManifestActivities(memory.store, memory.signer).write_manifest,
        ]
    environment = next(one for one in ENVIRONMENTS if duty_of(one) is duty)
    targets = Targets(environment, memory.store, memory.registry, memory.manifests(), memory.verdicts())
    engines = {**memory.runs.beside(memory.engine), Kind.DATASTORE: memory.datastores}
    verify = VerifyActivities(targets, engines, memory.runner, memory.store)
    reader = EnvironmentReader(engines, memory.store)
    resources = ResourceActivities(targets, memory.store, memory.queues, memory.buckets, stack="memory")
    monitors = MonitorReader(targets, memory.store)
    scaling = ScaleActivities(environment, memory.engine, memory.engine, memory.manifests(), memory.store)
    bootstrap = BootstrapActivities(environment, memory.foundation, memory.store)
    own: list[Callable[..., Any]] = [
        bootstrap.compare_environment,
        bootstrap.lay_environment,
        *memory.runs.activities(environment, memory.store),
        DeployActivities(targets, engines, "http://edge.test").deploy,
        MonitorActivities(monitors, memory.monitoring, environment).install_monitors,
        verify.check_replicas,
        verify.run_smoke,
        BakeActivities(targets, engines, monitors, memory.monitoring, memory.patience).bake,
        reader.deployed,
        reader.service_logs,
        EnvironmentEvidenceActivities(engines, memory.alerts, memory.store).collect,
        resources.provision,
        DiscoveryReader(engines, memory.manifests(), memory.queues, memory.buckets, "http://edge.test").discover,
        DriftActivities(engines, memory.store).check_drift,
        scaling.sizes,
        scaling.scale,
        scaling.mirror,
        BackupActivities(targets, engines, memory.backups, memory.store, memory.kept.get(environment)).back_up,
        MigrateActivities(targets, engines, memory.migrations, memory.store).migrate,
    ]
    return [*own, resources.let_go, *_regression(memory)] if duty is Duty.CI else own


def _regression(memory: MemoryOnward) -> list[Callable[..., Any]]:
    combinations = Combinations(memory.manifests(), memory.registry)
    cutting = SliceActivities(memory.slices, combinations)
    suites = SuiteActivities(memory.runner, memory.store, combinations, memory.attestor)
    publishing = PublishActivities(memory.store, memory.manifests(), combinations, memory.verdicts())
    lookups = StoreReader(memory.store, memory.manifests())
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
        OwnerReader(memory.store, memory.manifests()).owners,
        TellActivities(memory.store, memory.notifier, memory.channels).tell,
        EvidenceActivities(memory.store).write,
        EvidenceReader(memory.store).evidence,
    ]
