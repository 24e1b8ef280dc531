"""Stages *deploy*: what is done in one environment, in its order."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.batch_queue import BatchQueueActivities
    from activities.deploy import DeployActivities
    from domain.batch import ScheduledJob
    from domain.identity import Duty, duty_of
    from domain.service import Kind, ServiceDefinition
    from domain.stages import Deployed, Target
    from workflows import policies

MARGIN = timedelta(minutes=1)


async def deploy(target: Target, definition: ServiceDefinition) -> Deployed:
    """Ask the environment for the release, and wait until it has arrived."""
    deployed = await workflow.execute_activity_method(
        DeployActivities.deploy,
        target,
        **policies.long(
            duty_of(target.environment),
            f"deploy #{target.number} to {target.environment}",
            definition.deploy.timeout + MARGIN,
        ),
    )
    if definition.kind is Kind.BATCH:
        await _schedule(target, definition)
    return deployed


async def _schedule(target: Target, definition: ServiceDefinition) -> None:
    """Once the environment has it: whatever begins from now on is of this release."""
    rules = definition.batch
    await workflow.execute_activity_method(
        BatchQueueActivities.schedule,
        ScheduledJob(
            environment=target.environment,
            service=definition.service,
            number=target.number,
            release=target.release,
            schedule=rules.schedule,
            every=rules.every,
            catch_up=rules.catch_up,
        ),
        **policies.brief(Duty.ORCHESTRATE, f"schedule #{target.number} in {target.environment}"),
    )
