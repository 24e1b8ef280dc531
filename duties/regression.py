"""What the ci duty does beside its environment: slices, suites, verdicts, the published set."""

from __future__ import annotations

from activities.combination import Combinations
from activities.evidence import EvidenceActivities
from activities.evidence_reader import EvidenceReader
from activities.owner_reader import OwnerReader
from activities.publish import PublishActivities
from activities.slices import SliceActivities
from activities.store_reader import StoreReader
from activities.suites import SuiteActivities
from domain.identity import Duty
from domain.slice_names import slice_sites_bucket
from duties.parts import Activities, manifest_reader, object_store, own_keys, reach, site_bucket, verdict_reader
from engines import docker_api
from engines.ed25519 import Ed25519Signer
from engines.slice_resources import SliceResources
from engines.slice_sites import SliceSites
from engines.slices import SwarmSlices
from engines.suites import ContainerSuiteRunner
from settings import WorkerSettings
from stores.registry import OciRegistry
from stores.s3_client import BRISK, PATIENT


def regression_activities(settings: WorkerSettings) -> Activities:
    """What the ci duty does beside its environment: slices, suites, verdicts, the published set, lookups."""
    store, manifests = object_store(settings), manifest_reader(settings)
    client = docker_api.connect(settings.docker_host(Duty.CI))
    sites = SliceSites(store, site_bucket(settings, PATIENT, slice_sites_bucket(settings.stack)), stack=settings.stack)
    resources = SliceResources(reach(settings), stack=settings.stack)
    slices = SwarmSlices(client, sites, stack=settings.stack, endpoint_mode=settings.endpoint_mode, resources=resources)
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
        OwnerReader(asked, manifest_reader(settings, BRISK)).owners,
        EvidenceActivities(store, own_keys(settings)).write,
        EvidenceReader(asked).evidence,
    ]
