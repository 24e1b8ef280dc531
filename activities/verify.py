"""Stages *verify*: what is deployed does what it should."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import Heartbeat
from activities.log import StepLog
from activities.published_sets import PublishedSets
from activities.targets import Targets
from domain import identity, keys
from domain.artifact import ArtifactKind
from domain.data_names import datastore_address
from domain.deployment import EnvironmentEngine, refuse_overtaken
from domain.errors import VerifyFailed
from domain.junit import Verdict
from domain.manifest import Manifest
from domain.service import Kind
from domain.stages import Checked, Target
from domain.storage import ObjectStore
from domain.suite import SuiteRun, SuiteRunner, judge, suite_variables

SMOKE_TIMEOUT = timedelta(minutes=5)


#: Said of a release that nothing but its replicas and smoke cases speak for.
UNWATCHED = "no monitor was asked (verify.bake)"


class VerifyActivities:
    """Looks at one environment from the inside."""

    def __init__(
        self,
        targets: Targets,
        engines: Mapping[Kind, EnvironmentEngine],
        runner: SuiteRunner,
        store: ObjectStore,
    ) -> None:
        self._targets = targets
        self._engines = engines
        self._runner = runner
        self._store = store
        self._sets = PublishedSets(store)

    @activity.defn(no_thread_cancel_exception=True)
    def check_replicas(self, target: Target) -> Checked:
        """Every replica runs the release's digest and is healthy. Only reads.

        Without a bake nothing else is asked, which is said.

        :raises VerifyFailed: naming what runs instead.
        """
        with Heartbeat() as progress:
            deployment = self._targets.deployment(target)
            engine = self._engines[deployment.definition.kind]
            refuse_overtaken(engine.observe(deployment.environment, deployment.service), deployment)
            detail = engine.probe(deployment, progress)
        return Checked(detail=detail if deployment.definition.verify.bake else f"{detail}, {UNWATCHED}")

    @activity.defn(no_thread_cancel_exception=True)
    def run_smoke(self, target: Target) -> Checked:
        """Run the suite's smoke cases beside the deployed services.

        Runs from the start in a second attempt; smoke cases are safe in prod by their contract.
        :raises VerifyFailed: the first failing case and its message; the output is kept.
        """
        key = keys.log_key(target.release, target.run, keys.smoke_step(target.environment))
        log = StepLog(self._store, key)
        with Heartbeat(every=log.flush_if_due) as progress:
            manifest = self._targets.manifest(target)
            cases = (
                manifest.definition.tests.smoke.case
                if manifest.definition.tests and manifest.definition.tests.smoke
                else "*"
            )
            outcome = self._runner.run(self._smoke_run(target, manifest, cases), progress)
            log.write(outcome.output)
            log.flush()
        report = judge(outcome, cases)
        if report.verdict is not Verdict.PASSED:
            self._refuse_overtaken(target)
            text = f"smoke cases of {manifest.service} in {target.environment}: {report.reason}"
            raise ApplicationError(text, log.uri, type=VerifyFailed.__name__, non_retryable=True)
        return Checked(detail=f"smoke {report.reason}")

    def _refuse_overtaken(self, target: Target) -> None:
        """Smoke cases that fail because a newer release is on its way say nothing of this one."""
        deployment = self._targets.deployment(target)
        engine = self._engines[deployment.definition.kind]
        refuse_overtaken(engine.observe(deployment.environment, deployment.service), deployment)

    def _smoke_run(self, target: Target, manifest: Manifest, cases: str) -> SuiteRun:
        service = manifest.service
        urls, datastores = self._addresses(target, manifest)
        return SuiteRun(
            name=identity.smoke_name(target.environment, service, target.number),
            image=self._targets.artifact(manifest, ArtifactKind.SUITE).uri,
            environment=target.environment,
            service=service,
            network=identity.application_network(target.environment, service.application),
            data_network=identity.data_network(target.environment, service.application) if datastores else "",
            variables=suite_variables(target.environment, service, urls, cases, datastores),
            timeout=SMOKE_TIMEOUT,
        )

    def _addresses(self, target: Target, manifest: Manifest) -> tuple[dict[str, str], dict[str, str]]:
        """Where each published service of the application answers, and each datastore that the suite reaches."""
        published, _ = self._sets.read(manifest.service.application)
        definitions = [self._targets.published(version.manifest) for version in published.services.values()]
        urls = {
            each.role: self._engines[each.kind].url(target.environment, each)
            for each in definitions
            if each.kind not in (Kind.DATASTORE, Kind.BATCH)
        }
        reached = {
            each.role: datastore_address(target.environment, each.service, each.port)
            for each in definitions
            if each.role in manifest.definition.reached_datastores
        }
        return urls, reached
