"""Stages *deploy*: what is done in one environment, in its order."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.backup import BackupActivities
    from activities.batch_queue import BatchQueueActivities
    from activities.deploy import DeployActivities
    from activities.migrate import MigrateActivities
    from activities.monitors import MonitorActivities
    from activities.resources import ResourceActivities
    from domain.batch import ScheduledJob
    from domain.datastore import Backup
    from domain.environment import Environment
    from domain.identity import Duty, duty_of
    from domain.resource_steps import ProvisionRequest, uses_resources
    from domain.service import DeployRules, Kind, ServiceDefinition
    from domain.stages import Deployed, Target
    from workflows import policies
    from workflows.concurrently import heed_cancel

MARGIN = timedelta(minutes=1)
PROVISION_TIMEOUT = timedelta(minutes=5)
MONITORS_TIMEOUT = timedelta(minutes=1)


async def deploy(target: Target, definition: ServiceDefinition) -> Deployed:
    """Make its queues and buckets, back its data up, migrate; ask for the release and wait until it has arrived;
    have its runs scheduled and its monitors judged. Each as far as the definition has any."""
    before = []
    if uses_resources(definition):
        await _provisioned(target)
    if definition.datastore and definition.datastore.backup:
        heed_cancel()
        before.append(await _backed_up(target, definition.datastore.backup))
    if definition.deploy.migrate:
        heed_cancel()
        before.append(await _migrated(target, definition.deploy))
    heed_cancel()
    deployed = await _arrived(target, definition.deploy)
    if definition.kind is Kind.BATCH:
        await _scheduled(target, definition)
    monitors = await _monitored(target)
    return deployed.model_copy(update={"detail": ", ".join([deployed.detail, *before, monitors])})


async def let_go(target: Target) -> str:
    """What a version that is verified in prod does not write any more is nobody's now; in one line."""
    in_ci = target.model_copy(update={"environment": Environment.CI})
    noted = await workflow.execute_activity_method(
        ResourceActivities.let_go,
        ProvisionRequest(target=in_ci, at=workflow.now()),
        **policies.long(Duty.CI, "let go of queues and buckets", PROVISION_TIMEOUT),
    )
    return noted.detail


async def _provisioned(target: Target) -> None:
    await workflow.execute_activity_method(
        ResourceActivities.provision,
        ProvisionRequest(target=target, at=workflow.now()),
        **policies.long(duty_of(target.environment), f"queues and buckets in {target.environment}", PROVISION_TIMEOUT),
    )


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


async def _arrived(target: Target, rules: DeployRules) -> Deployed:
    return await workflow.execute_activity_method(
        DeployActivities.deploy,
        target,
        **policies.long(
            duty_of(target.environment), f"deploy #{target.number} to {target.environment}", rules.timeout + MARGIN
        ),
    )


async def _scheduled(target: Target, definition: ServiceDefinition) -> None:
    """Once the environment has it: whatever begins from now on is of this release."""
    rules = definition.batch
    await workflow.execute_activity_method(
        BatchQueueActivities.schedule,
        ScheduledJob(
            environment=target.environment,
            service=definition.service,
            number=target.number,
            release=target.release,
            limit=definition.scale.of(target.environment).max,
            schedule=rules.schedule,
            every=rules.every,
            catch_up=rules.catch_up,
        ),
        **policies.brief(Duty.ORCHESTRATE, f"schedule #{target.number} in {target.environment}"),
    )


async def _monitored(target: Target) -> str:
    installed = await workflow.execute_activity_method(
        MonitorActivities.install_monitors,
        target,
        **policies.long(duty_of(target.environment), f"monitors in {target.environment}", MONITORS_TIMEOUT),
    )
    return installed.detail
