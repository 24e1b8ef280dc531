"""Short workflows that only read: the answer comes from the duty that holds the keys.

The command line itself holds a Temporal connection and no key of any store or environment.
"""

from __future__ import annotations

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.batch_runs import BatchRunActivities
    from activities.environment_reader import EnvironmentReader
    from activities.evidence_reader import EvidenceReader
    from activities.plan import PlanActivities
    from activities.store_reader import StoreReader
    from domain.batch import BatchJob, RunsRequest
    from domain.environment import ENVIRONMENTS, Environment
    from domain.identity import Duty, duty_of
    from domain.lookups import (
        DeployedRequest,
        DeployedServices,
        EvidenceDocuments,
        EvidenceLookup,
        ManifestDocument,
        ManifestRequest,
        Plan,
        PlannedDeploy,
        PlanRequest,
        ServiceLogs,
        ServiceLogsRequest,
        StepOutputRequest,
        StepOutputs,
        planned_suites,
    )
    from domain.stages import PublishedRequest
    from workflows import policies
    from workflows.asking import answer_of


@workflow.defn(name="LookupDeployed")
class DeployedWorkflow:
    """What runs in one environment."""

    @workflow.run
    async def run(self, request: DeployedRequest) -> DeployedServices:
        """Ask the environment's own worker."""
        config = policies.lookup(duty_of(request.environment), f"what runs in {request.environment}")
        return await answer_of(
            duty_of(request.environment),
            workflow.execute_activity_method(EnvironmentReader.deployed, request, **config),
        )


@workflow.defn(name="LookupServiceLogs")
class ServiceLogsWorkflow:
    """The last lines that a deployed service wrote."""

    @workflow.run
    async def run(self, request: ServiceLogsRequest) -> ServiceLogs:
        """Ask the environment's own worker."""
        config = policies.lookup(duty_of(request.environment), f"logs of {request.service}")
        return await answer_of(
            duty_of(request.environment),
            workflow.execute_activity_method(EnvironmentReader.service_logs, request, **config),
        )


@workflow.defn(name="LookupStepOutput")
class StepOutputWorkflow:
    """What the steps of a release printed."""

    @workflow.run
    async def run(self, request: StepOutputRequest) -> StepOutputs:
        """Ask the object store."""
        config = policies.lookup(Duty.CI, f"output of {request.release}")
        return await answer_of(Duty.CI, workflow.execute_activity_method(StoreReader.step_outputs, request, **config))


@workflow.defn(name="LookupEvidence")
class EvidenceWorkflow:
    """What was collected of a failed release."""

    @workflow.run
    async def run(self, request: EvidenceLookup) -> EvidenceDocuments:
        """Ask the object store."""
        config = policies.lookup(Duty.CI, f"evidence of {request.release}")
        return await answer_of(Duty.CI, workflow.execute_activity_method(EvidenceReader.evidence, request, **config))


@workflow.defn(name="LookupManifest")
class ManifestWorkflow:
    """A manifest, and whether it may be trusted."""

    @workflow.run
    async def run(self, request: ManifestRequest) -> ManifestDocument:
        """Ask the object store."""
        config = policies.lookup(Duty.CI, "read and verify a manifest")
        return await answer_of(Duty.CI, workflow.execute_activity_method(StoreReader.manifest, request, **config))


@workflow.defn(name="LookupPlan")
class PlanWorkflow:
    """What a release would build, reuse, test and deploy."""

    @workflow.run
    async def run(self, request: PlanRequest) -> Plan:
        """Ask the build duty and both environments at once."""
        comparing = policies.examination(Duty.BUILD, "compare the inputs with earlier builds")
        builds = workflow.execute_activity_method(PlanActivities.plan_builds, request, **comparing)
        published = workflow.execute_activity_method(
            StoreReader.published_suites,
            PublishedRequest(application=request.release.application),
            **policies.lookup(Duty.CI, "which suites are published"),
        )
        deploys = asyncio.gather(*(self._deploy(environment, request) for environment in ENVIRONMENTS))
        planned, suites, there = await asyncio.gather(
            answer_of(Duty.BUILD, builds), answer_of(Duty.CI, published), deploys
        )
        return Plan(
            release=request.release.id,
            artifacts=planned.artifacts,
            suites=planned_suites(request.release, suites, planned),
            deploys=tuple(there),
        )

    async def _deploy(self, environment: Environment, request: PlanRequest) -> PlannedDeploy:
        service = request.release.service
        duty = duty_of(environment)
        asked = workflow.execute_activity_method(
            EnvironmentReader.deployed,
            DeployedRequest(environment=environment, application=service.application),
            **policies.lookup(duty, f"what runs in {environment}"),
        )
        there = await answer_of(duty, asked)
        state = next((state for state in there.services if state.service == service), None)
        return PlannedDeploy(
            environment=environment,
            running=state.number if state else None,
            commit=state.commit if state else None,
            replicas=state.replicas if state else 0,
        )


@workflow.defn(name="LookupBatchJob")
class BatchJobWorkflow:
    """What the next run of a batch job would use."""

    @workflow.run
    async def run(self, request: RunsRequest) -> BatchJob:
        """Ask the environment's own worker."""
        config = policies.lookup(duty_of(request.environment), f"what {request.service} would run")
        return await answer_of(
            duty_of(request.environment),
            workflow.execute_activity_method(BatchRunActivities.job, request, **config),
        )


LOOKUPS = [
    BatchJobWorkflow,
    DeployedWorkflow,
    ServiceLogsWorkflow,
    StepOutputWorkflow,
    EvidenceWorkflow,
    ManifestWorkflow,
    PlanWorkflow,
]
