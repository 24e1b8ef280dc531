"""Before a datastore's deploy: its backup, whole and in the object store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import uuid4

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import Heartbeat
from activities.log import StepLog
from activities.seen_services import SeenServices
from activities.targets import Targets
from domain import keys
from domain.backup import BackedUp, BackupRecord, Backups, VolumePlace, size_text, stands
from domain.datastore import Datastore, refuse_version
from domain.deployment import Deployment, EnvironmentEngine, ServiceState, refuse_overtaken
from domain.errors import BackupFailed, NotFound
from domain.progress import Progress
from domain.service import Kind
from domain.stages import Target
from domain.storage import ObjectStore

WAY_ON = (
    "mend it, or its backup command, in a new commit; a datastore that cannot be backed up is updated only by a "
    "release without datastore.backup"
)


class BackupActivities:
    """Holds one environment's engine.

    :param logs: where the output of a release's steps is kept, and what was seen of services.
    :param kept: the environment's own bucket, with its backups and nothing else; ``None`` when the duty has none.
    """

    def __init__(
        self,
        targets: Targets,
        engines: Mapping[Kind, EnvironmentEngine],
        backups: Backups,
        logs: ObjectStore,
        kept: ObjectStore | None,
    ) -> None:
        self._targets = targets
        self._engines = engines
        self._backups = backups
        self._logs = logs
        self._seen = SeenServices(logs)
        self._kept = kept

    @activity.defn(no_thread_cancel_exception=True)
    def back_up(self, target: Target) -> BackedUp:
        """Keep what the datastore's backup command prints, before the release is asked for.

        Each attempt writes an object of its own, and only a whole one gets the record with the release's number:
        after a SIGKILL the next attempt begins anew, or finds the record and does nothing.

        :raises BackupFailed: the command failed, printed nothing, or the datastore does not run or was removed; or
            there is no bucket to keep it in, which is found out before a first deploy, too.
        :raises Refused: the data are of a version that this release must not follow.
        """
        log = StepLog(self._logs, keys.log_key(target.release, target.run, keys.backup_step(target.environment)))
        with Heartbeat() as progress:
            deployment = self._targets.deployment(target)
            engine = self._engines[deployment.definition.kind]
            state = engine.observe(deployment.environment, deployment.service)
            refuse_overtaken(state, deployment)
            store = self._store(deployment)
            found = _record(store, deployment, deployment.number)
            datastore = deployment.definition.datastore
            try:
                if state is None or datastore is None:
                    self._refuse_unserved(deployment)
                    return BackedUp(detail="nothing to back up yet")
                if found:
                    return BackedUp(detail=found.line, uri=found.uri)
                return self._backed_up(store, deployment, datastore, state, progress)
            except BackupFailed as error:
                log.write(str(error))
                log.flush()
                text = f"{error}; {deployment.name} was not updated\n  next: {WAY_ON}"
                raise ApplicationError(text, log.uri, type=BackupFailed.__name__, non_retryable=True) from error

    def _store(self, deployment: Deployment) -> ObjectStore:
        """Never Onward's own bucket, which the duty of every environment reads."""
        if self._kept is None:
            environment = deployment.environment
            raise BackupFailed(
                f"{deployment.name} declares a backup, and the {environment} duty has no bucket for it; "
                "nothing was done\n"
                f"  expected: ONWARD_BACKUP_BUCKET of the {environment} duty, a bucket of {environment} alone\n"
                "  next: set it, start the worker anew, and `onward retry`"
            )
        return self._kept

    def _refuse_unserved(self, deployment: Deployment) -> None:
        """Data that served once, and that somebody took the service away from."""
        seen, _ = self._seen.read(deployment.environment)
        was_there = deployment.name in seen.services
        place = self._backups.volume_place(deployment) if was_there else VolumePlace.NOWHERE
        if place is not VolumePlace.NOWHERE:
            raise BackupFailed(
                f"the service {deployment.name} was removed, and its volume is {place}: nothing serves the data, "
                "so that they cannot be backed up; to begin anew with nothing, forget it (docs/environments.md)"
            )

    def _backed_up(
        self,
        store: ObjectStore,
        deployment: Deployment,
        datastore: Datastore,
        state: ServiceState,
        progress: Progress,
    ) -> BackedUp:
        if state.number == deployment.number:
            return BackedUp(detail="already asked for")
        if state.version:
            refuse_version(deployment.name, state.version, datastore)
        earlier = _record(store, deployment, state.number) if stands(state) else None
        record = earlier or self._made(store, deployment, datastore, state, progress)
        key = keys.backup_key(deployment.environment, deployment.service, deployment.number)
        store.create(key, record.model_dump_json().encode())
        since = f", nothing has run since #{state.number} halted" if earlier else ""
        return BackedUp(detail=f"{record.line}{since}", uri=record.uri)

    def _made(
        self,
        store: ObjectStore,
        deployment: Deployment,
        datastore: Datastore,
        state: ServiceState,
        progress: Progress,
    ) -> BackupRecord:
        if datastore.backup is None:  # nobody asks then
            raise BackupFailed("there is no backup command")
        # Of this attempt alone: what a killed one still writes is never in its way.
        attempt = uuid4().hex[:12]
        key = keys.backup_content_key(deployment.environment, deployment.service, deployment.number, attempt)
        progress.say(f"backing {deployment.name} up")
        with self._backups.content(deployment, datastore.backup, progress) as content:
            streamed = store.put_stream(key, _told(content, progress))
        if not streamed.size:
            raise BackupFailed(f"the backup of {deployment.name} is empty: the command printed nothing")
        served = state.served.number
        return BackupRecord(uri=store.uri(key), size=streamed.size, digest=streamed.digest, of=served)


def _record(store: ObjectStore, deployment: Deployment, number: int) -> BackupRecord | None:
    try:
        found = store.read(keys.backup_key(deployment.environment, deployment.service, number))
    except NotFound as error:
        environment = deployment.environment
        raise BackupFailed(
            f"{error}; nothing was done to {deployment.name}\n  expected: the bucket in ONWARD_BACKUP_BUCKET of the "
            f"{environment} duty\n  next: onward env apply {environment}, and `onward retry`"
        ) from error
    return BackupRecord.model_validate_json(found.content) if found else None


def _told(content: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    size = 0
    for chunk in content:
        size += len(chunk)
        progress.say(f"{size_text(size)} backed up")
        yield chunk
