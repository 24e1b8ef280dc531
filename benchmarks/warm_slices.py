"""What would be won if slices shared the services that a candidate leaves unchanged.

A slice with the candidate and k unchanged services is brought up and taken down; then the k are left up
and the candidate alone joins them, and leaves again: what would be left to do, were they kept warm.
"""

from __future__ import annotations

import time
from uuid import uuid4

from domain import slice_names
from domain.artifact import ArtifactKind
from domain.deployment import Deployment
from domain.environment import Environment
from domain.manifest import Manifest, ManifestPointer
from domain.slices import SliceOwner
from duties.parts import object_store, site_bucket
from engines import docker_api
from engines.slice_sites import SliceSites
from engines.slices import SwarmSlices
from engines.swarm_api import SwarmServices
from settings import StackSettings, WorkerSettings
from stores.s3_client import PATIENT
from tests.fakes.progress import SilentProgress

UNCHANGED = (1, 4, 8)


def compare(settings: StackSettings, manifest: Manifest) -> None:
    """Print one table; the services are all of one image.

    Under a label of its own: the sweep of the stack would take these slices for left over.
    """
    client, worker, stack = docker_api.connect(settings.docker_host), WorkerSettings(), f"{settings.name}-warm"
    sites = SliceSites(object_store(worker), site_bucket(worker, PATIENT, stack), stack=stack)
    slices = SwarmSlices(client, sites, stack=stack, endpoint_mode=worker.endpoint_mode)
    print("\nunchanged    cold up   down   warm up   down")
    try:
        for count in UNCHANGED:
            candidate = _deployment(manifest, "candidate")
            unchanged = [_deployment(manifest, f"unchanged{number}") for number in range(count)]
            took = [*_cold(slices, _owner(manifest), [candidate, *unchanged])]
            took += _warm(slices, SwarmServices(client), _owner(manifest), candidate, unchanged)
            print(f"{count:>9} {took[0]:>9.1f}s {took[1]:>5.1f}s {took[2]:>8.1f}s {took[3]:>5.1f}s")
    finally:
        for found in slices.found():
            slices.down(found.owner, SilentProgress())


def _cold(slices: SwarmSlices, owner: SliceOwner, deployments: list[Deployment]) -> tuple[float, float]:
    """Seconds until a slice with all of them serves, and until it is gone."""
    start = time.perf_counter()
    slices.up(owner, deployments, SilentProgress())
    up = time.perf_counter()
    slices.down(owner, SilentProgress())
    return up - start, time.perf_counter() - up


def _warm(
    slices: SwarmSlices, services: SwarmServices, owner: SliceOwner, candidate: Deployment, unchanged: list[Deployment]
) -> tuple[float, float]:
    """Seconds until a candidate serves beside what is up already, and until it is removed."""
    slices.up(owner, unchanged, SilentProgress())
    start = time.perf_counter()
    slices.up(owner, [candidate], SilentProgress())
    up = time.perf_counter()
    joined = services.find(slice_names.slice_service(owner.name, candidate.service.role))
    assert joined is not None
    services.remove(joined["ID"])
    down = time.perf_counter()
    slices.down(owner, SilentProgress())
    return up - start, down - up


def _deployment(manifest: Manifest, role: str) -> Deployment:
    image = manifest.artifact(ArtifactKind.IMAGE)
    assert image is not None
    return Deployment(
        environment=Environment.CI,
        definition=manifest.definition.model_copy(update={"role": role, "ingress": None}),
        artifact=image,
        number=0,
        release=manifest.release,
        commit=manifest.commit,
        manifest=ManifestPointer(uri="s3://none", digest=manifest.digest),
    )


def _owner(manifest: Manifest) -> SliceOwner:
    run = uuid4().hex
    name = slice_names.slice_name("benchmark", run)
    return SliceOwner(name=name, application=manifest.service.application, regression="benchmark", run=run)
