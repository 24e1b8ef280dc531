"""Stages *deploy*: what is done in one environment, in its order."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.backup import BackupActivities
    from activities.deploy import DeployActivities
    from activities.migrate import MigrateActivities
    from domain.datastore import Backup
    from domain.identity import duty_of
    from domain.service import DeployRules, ServiceDefinition
    from domain.stages import Deployed, Target
    from workflows import policies

MARGIN = timedelta(minutes=1)


async def deploy(target: Target, definition: ServiceDefinition) -> Deployed:
    """Back a datastore up, migrate, ask the environment for the release, and wait until it has arrived."""
    before = []
    if definition.datastore and definition.datastore.backup:
        before.append(await _backed_up(target, definition.datastore.backup))
    if definition.deploy.migrate:
        before.append(await _migrated(target, definition.deploy))
    deployed = await workflow.execute_activity_method(
        DeployActivities.deploy,
        target,
        **policies.long(
            duty_of(target.environment),
            f"deploy #{target.number} to {target.environment}",
            definition.deploy.timeout + MARGIN,
        ),
    )
    return deployed.model_copy(update={"detail": "; ".join([deployed.detail, *before])})


async def _backed_up(target: Target, backup: Backup) -> str:
    """What the update would change is safe."""
    done = await workflow.execute_activity_method(
        BackupActivities.back_up,
        target,
        **policies.long(duty_of(target.environment), f"back up in {target.environment}", backup.timeout + MARGIN),
    )
    return done.detail


async def _migrated(target: Target, rules: DeployRules) -> str:
    """The schema is there before the first task that needs it."""
    done = await workflow.execute_activity_method(
        MigrateActivities.migrate,
        target,
        **policies.long(duty_of(target.environment), f"migrate in {target.environment}", rules.timeout + MARGIN),
    )
    return done.detail
