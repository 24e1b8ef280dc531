"""Stages *deploy*: what is done in one environment, in its order."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.deploy import DeployActivities
    from activities.monitors import MonitorActivities
    from domain.identity import duty_of
    from domain.service import ServiceDefinition
    from domain.stages import Deployed, Target
    from workflows import policies

MARGIN = timedelta(minutes=1)
MONITORS_TIMEOUT = timedelta(minutes=1)


async def deploy(target: Target, definition: ServiceDefinition) -> Deployed:
    """Ask the environment for the release, wait until it has arrived, and have its monitors judged."""
    deployed = await workflow.execute_activity_method(
        DeployActivities.deploy,
        target,
        **policies.long(
            duty_of(target.environment),
            f"deploy #{target.number} to {target.environment}",
            definition.deploy.timeout + MARGIN,
        ),
    )
    monitors = await workflow.execute_activity_method(
        MonitorActivities.install_monitors,
        target,
        **policies.long(duty_of(target.environment), f"monitors in {target.environment}", MONITORS_TIMEOUT),
    )
    return deployed.model_copy(update={"detail": f"{deployed.detail}, {monitors.detail}"})
