"""Before a deploy: a release's migration, once in each environment."""

from __future__ import annotations

from collections.abc import Mapping

from temporalio import activity
from temporalio.exceptions import ApplicationError, CancelledError

from activities.heartbeat import Heartbeat
from activities.log import StepLog
from activities.targets import Targets
from domain import keys
from domain.deployment import Deployment, EnvironmentEngine, refuse_overtaken
from domain.errors import MigrationFailed
from domain.migration import Migrated, MigrationRecord, Migrations, failure_of
from domain.progress import Progress
from domain.service import Kind
from domain.stages import Target
from domain.storage import ObjectStore


class MigrateActivities:
    """Holds one environment's engine."""

    def __init__(
        self, targets: Targets, engines: Mapping[Kind, EnvironmentEngine], migrations: Migrations, store: ObjectStore
    ) -> None:
        self._targets = targets
        self._engines = engines
        self._migrations = migrations
        self._store = store

    @activity.defn(no_thread_cancel_exception=True)
    def migrate(self, target: Target) -> Migrated:
        """Run ``deploy.migrate`` of a release in its new image, unless it was done already.

        The job has the release's number in its name, and how it ended is recorded by that number, before the job
        is removed: after a SIGKILL the next attempt waits for the same job, or reads how it ended, or finds the
        record. A cancel of the release stops it; the end of a worker does not.

        :raises MigrationFailed: no task was replaced; its output is kept.
        :raises Superseded: a newer release is there already.
        """
        log = StepLog(self._store, keys.log_key(target.release, target.run, keys.migration_step(target.environment)))
        with Heartbeat() as progress:
            deployment = self._targets.deployment(target)
            engine = self._engines[deployment.definition.kind]
            refuse_overtaken(engine.observe(deployment.environment, deployment.service), deployment)
            record, etag = self._read(deployment)
            if record is None or not record.is_decided_for(target.run):
                record = self._run(deployment, target, etag, log, progress)
            self._migrations.remove(deployment)
        if record.failure:
            text = f"{deployment.name}: {record.failure}; no task was replaced"
            raise ApplicationError(text, log.uri, type=MigrationFailed.__name__, non_retryable=True)
        return Migrated(detail="migrated" if record.run == target.run else "migrated before")

    def _run(
        self, deployment: Deployment, target: Target, etag: str | None, log: StepLog, progress: Progress
    ) -> MigrationRecord:
        try:
            end = self._migrations.run(deployment, target.run, progress)
        except CancelledError:
            if _release_is_over():
                self._keep(log, self._migrations.remove(deployment))
            raise
        self._keep(log, end.output)
        record = MigrationRecord(release=target.release, run=target.run, number=target.number, failure=failure_of(end))
        self._store.replace(self._key(deployment), record.model_dump_json().encode(), etag)
        return record

    def _read(self, deployment: Deployment) -> tuple[MigrationRecord | None, str | None]:
        found = self._store.read(self._key(deployment))
        return (MigrationRecord.model_validate_json(found.content), found.etag) if found else (None, None)

    def _key(self, deployment: Deployment) -> str:
        return keys.migration_key(deployment.environment, deployment.service, deployment.number)

    def _keep(self, log: StepLog, output: str) -> None:
        log.write(output.rstrip("\n") or "it printed nothing")
        log.flush()


def _release_is_over() -> bool:
    """Cancelled. Not so when only this worker is over, or this attempt: the next one waits for the same job."""
    details = activity.cancellation_details()
    return details is not None and details.cancel_requested
