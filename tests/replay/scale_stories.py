"""Sizes that people ask for, and the check for drift, as histories."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.client import Client

from domain.environment import Environment
from domain.identity import Duty, ServiceId
from domain.mirror import Mirror
from domain.scale import ScaleRequest
from domain.workflow_ids import drift_id, mirror_id, scale_id, task_queue
from starter.scaling import Scaling
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import released
from workflows.drift import DriftWorkflow


async def scaled(client: Client, onward: MemoryOnward) -> Any:
    """A service gets four replicas."""
    service = await _released(client, onward)
    request = ScaleRequest(environment=Environment.PROD, service=service, replicas=4, by="ann", reason="a sale")
    await Scaling(client).scale(request)
    return client.get_workflow_handle(scale_id(Environment.PROD, service))


async def mirrored(client: Client, onward: MemoryOnward) -> Any:
    """A mirror that is prolonged, and ends by itself."""
    await scaled(client, onward)
    for lasts in (timedelta(hours=1), timedelta(seconds=1)):
        await Scaling(client).mirror(Mirror(application=onward.application, by="ann", reason="slow", lasts=lasts))
    mirror = client.get_workflow_handle(mirror_id(onward.application))
    await mirror.result()
    return mirror


async def drift(client: Client, onward: MemoryOnward) -> Any:
    """Both environments are looked at."""
    await _released(client, onward)
    name = f"{drift_id()}-{onward.application}"
    check = await client.start_workflow(DriftWorkflow.run, id=name, task_queue=task_queue(Duty.ORCHESTRATE))
    await check.result()
    return check


async def _released(client: Client, onward: MemoryOnward) -> ServiceId:
    request = onward.commit()
    await released(client, request)
    return request.service
