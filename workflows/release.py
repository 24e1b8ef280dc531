"""One service's commit on its way through all stages."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.build import BuildActivities
    from activities.manifest import ManifestActivities
    from activities.source import SourceActivities
    from domain.environment import ENVIRONMENTS, Environment
    from domain.gate_decisions import Published
    from domain.identity import Duty
    from domain.manifest import Manifest, ManifestPointer
    from domain.regression import summary_of
    from domain.release import ReleaseRequest, ReleaseResult, ReleaseStatus, Stage
    from domain.roll_forward_messages import JoinRollForward
    from domain.service import ServiceDefinition
    from domain.stages import BuildRequest, Built, Deployed, Source, Target, artifacts_to_build
    from workflows import policies
    from workflows.at_the_gate import AtTheGate
    from workflows.candidacy import Candidacy
    from workflows.claiming import claim
    from workflows.concurrently import all_or_first_error, heed_cancel, to_its_end
    from workflows.deploying import deploy, let_go
    from workflows.incident import Incident
    from workflows.journal import RELEASE_FAILED, Journal
    from workflows.verifying import verify

SOURCE_TIMEOUT = timedelta(minutes=5)
BUILD_TIMEOUT = timedelta(minutes=60)


@workflow.defn(name="Release")
class ReleaseWorkflow(AtTheGate):
    """Build, manifest, regression, publish, deploy and verify: first in ci, then in prod. Only forward."""

    @workflow.init
    def __init__(self, request: ReleaseRequest) -> None:
        self._request = request
        self._journal = Journal(request)
        self._incident = Incident(request)
        self._candidacy = Candidacy(
            request,
            tell=lambda regression: self._journal.update(regression=regression),
            is_fix=lambda: self._incident.is_fix,
        )

    @workflow.run
    async def run(self, request: ReleaseRequest) -> ReleaseResult:  # noqa: ARG002 – init keeps it
        """The stages in their order. A release that does not end well fails this workflow with
        its :class:`ReleaseResult` as the error's detail; a superseded one ends well."""
        self._journal.begin()
        try:
            await self._incident.begin()
            source = await self._source()
            built = await self._build(source)
            manifest = await self._manifest(source, built)
            await self._regression(manifest)
            published = await self._publish(manifest)
            for environment in ENVIRONMENTS:
                target = self._target(environment, manifest, published)
                deployed = await self._deploy(target, source.definition)
                await self._verify(target, source.definition, deployed)
        except (FailureError, asyncio.CancelledError) as error:
            return await self._ended(error)
        result = self._journal.end(ReleaseStatus.VERIFIED)
        with suppress(asyncio.CancelledError):  # too late: it is verified
            await to_its_end(self._gone(result))
        return result

    @workflow.query(description="How far the release is: its stages, number, manifest and failure")
    def progress(self) -> ReleaseResult:
        """The result so far."""
        return self._journal.result

    # --- what a roll-forward says -----------------------------------------------------------

    @workflow.signal(description="A roll-forward: you are its fix")
    async def hasten(self, message: JoinRollForward) -> None:
        """From here on in the express lane."""
        await self._incident.join(message.roll_forward)
        await self._candidacy.hasten()

    # --- the stages -------------------------------------------------------------------------

    async def _source(self) -> Source:
        async with self._journal.stage(Stage.SOURCE) as note:
            source = await workflow.execute_activity_method(
                SourceActivities.fetch_source,
                self._request,
                **policies.long(Duty.BUILD, f"fetch {self._request.commit[:12]}", SOURCE_TIMEOUT),
            )
            self._candidacy.follows(source.follows)
            note.detail = f"snapshot {source.snapshot.digest[:19]}"
        return source

    async def _build(self, source: Source) -> list[Built]:
        async with self._journal.stage(Stage.BUILD) as note:
            kinds = artifacts_to_build(source.definition)
            built = await all_or_first_error(
                workflow.execute_activity_method(
                    BuildActivities.build,
                    BuildRequest(release=self._request.id, run=workflow.info().run_id, kind=kind, source=source),
                    **policies.long(Duty.BUILD, f"build {kind}", BUILD_TIMEOUT),
                )
                for kind in kinds
            )
            note.detail = ", ".join(f"{one.artifact.kind} {'reused' if one.reused else 'built'}" for one in built)
        return built

    async def _manifest(self, source: Source, built: list[Built]) -> ManifestPointer:
        async with self._journal.stage(Stage.MANIFEST) as note:
            await claim(self._request.id, source.definition)
            heed_cancel()
            manifest = Manifest(
                release=self._request.id,
                repository=self._request.repository,
                commit=self._request.commit,
                service_directory=self._request.service_directory,
                definition=source.definition,
                artifacts=(*(one.artifact for one in built), source.snapshot),
                dependencies=tuple(dict.fromkeys(base for one in built for base in one.dependencies)),
                started=workflow.info().start_time,
                finished=workflow.now(),
            )
            pointer = await workflow.execute_activity_method(
                ManifestActivities.write_manifest, manifest, **policies.brief(Duty.BUILD, "sign the manifest")
            )
            self._journal.update(manifest=pointer)
            note.detail = pointer.digest[:19]
        return pointer

    async def _regression(self, manifest: ManifestPointer) -> None:
        """Together with everything that is published, and whoever is ahead at the gate."""
        async with self._journal.stage(Stage.REGRESSION) as note:
            await self._candidacy.join(manifest.digest)
            result = await self._candidacy.passed()
            note.detail = summary_of(result.suites)

    async def _publish(self, manifest: ManifestPointer) -> Published:
        """When one ahead fails, its test is done again without that one."""
        while True:
            async with self._journal.stage(Stage.PUBLISH) as note:
                published = await self._candidacy.published()
                if published is not None:
                    self._journal.number(published.number)
                    note.detail = f"release #{published.number}"
                    return published
            await self._regression(manifest)

    async def _deploy(self, target: Target, definition: ServiceDefinition) -> Deployed:
        async with self._journal.stage(Stage.deploy(target.environment)) as note:
            await self._candidacy.turn(target.environment)
            deployed = await deploy(target, definition)
            self._journal.links[f"{target.environment} edge"] = deployed.url
            note.detail = deployed.detail
        return deployed

    async def _verify(self, target: Target, definition: ServiceDefinition, deployed: Deployed) -> None:
        async with self._journal.stage(Stage.verify(target.environment)) as note:
            lines = [check.detail for check in await verify(target, definition)]
            if deployed.abandons:
                lines.append(await let_go(target))
            note.detail = ", ".join(filter(None, lines))
            if target.environment is Environment.CI:
                heed_cancel()
                await self._candidacy.verified()

    def _target(self, environment: Environment, manifest: ManifestPointer, published: Published) -> Target:
        return Target(
            environment=environment,
            release=self._request.id,
            run=workflow.info().run_id,
            number=published.number,
            manifest=manifest,
            verdict=published.verdict,
        )

    async def _ended(self, error: BaseException) -> ReleaseResult:
        """Every end that is not *verified*. A cancelled release closes as cancelled."""
        self._journal.blame(error)
        result = self._journal.end(self._journal.bad_end)
        with suppress(asyncio.CancelledError):  # it is over already
            await to_its_end(self._taken_leave(result))
        result = self._journal.result
        if result.status is ReleaseStatus.SUPERSEDED:
            return result
        if is_cancelled_exception(error):
            raise error
        failure = result.failure
        text = f"{failure.stage}: {failure.message}" if failure else str(error)
        raise ApplicationError(text, result, type=RELEASE_FAILED, non_retryable=True) from error

    async def _gone(self, result: ReleaseResult) -> None:
        await self._candidacy.end()
        await self._incident.ended_well(result)

    async def _taken_leave(self, result: ReleaseResult) -> None:
        """First the roll-forward, then the gate: what is published and not in prod lets nobody follow."""
        if result.status is ReleaseStatus.SUPERSEDED:
            await self._candidacy.leave()
            await self._incident.ended_well(result)
            return
        roll_forward = await self._incident.ended_badly(result)
        self._journal.belongs_to(roll_forward)
        where = result.failure.stage if result.failure else "an unknown stage"
        await self._candidacy.leave(roll_forward or "", f"{result.release} failed in {where}")
