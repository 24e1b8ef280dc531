"""Stages *verify*: what is looked at in one environment, in its order."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.bake import BakeActivities
    from activities.verify import VerifyActivities
    from domain.identity import duty_of
    from domain.monitor_state import DATA_PATIENCE, PENDING_PATIENCE
    from domain.service import ServiceDefinition
    from domain.stages import Checked, Target
    from workflows import policies
    from workflows.concurrently import heed_cancel

CHECK_TIMEOUT = timedelta(minutes=1)
SMOKE_TIMEOUT = timedelta(minutes=10)
MARGIN = timedelta(minutes=1)


async def verify(target: Target, definition: ServiceDefinition) -> list[Checked]:
    """The replicas, the smoke cases, the bake: as far as the definition asks for them."""
    duty, environment = duty_of(target.environment), target.environment
    checks = [
        await workflow.execute_activity_method(
            VerifyActivities.check_replicas,
            target,
            **policies.long(duty, f"check the replicas in {environment}", CHECK_TIMEOUT),
        )
    ]
    if definition.tests and definition.tests.smoke:
        heed_cancel()
        smoke = policies.long(duty, f"run the smoke cases in {environment}", SMOKE_TIMEOUT)
        checks.append(await workflow.execute_activity_method(VerifyActivities.run_smoke, target, **smoke))
    if definition.verify.bake:
        heed_cancel()
        longest = definition.verify.bake + max(PENDING_PATIENCE, DATA_PATIENCE) + MARGIN
        bake = policies.long(duty, f"bake in {environment}", longest)
        checks.append(await workflow.execute_activity_method(BakeActivities.bake, target, **bake))
    return checks
