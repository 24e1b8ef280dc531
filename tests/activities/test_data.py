"""Migrations and backups as activities: what a second attempt does, whatever the first one got done."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.backup import BackupActivities
from activities.migrate import MigrateActivities
from activities.seen_services import SeenServices
from domain import keys
from domain.backup import BackedUp, VolumePlace
from domain.drift import Seen, seen_of
from domain.environment import Environment
from domain.errors import BackupFailed
from domain.migration import Migrated, MigrationEnd
from domain.service import Kind
from tests.activities.test_targets import Published
from tests.domain.builders import COMMIT, definition, deployment, manifest
from tests.fakes.data import MemoryBackups, MemoryMigrations
from tests.fakes.engines import MemoryEngine
from tests.fakes.progress import SilentProgress

DATASTORE = 'kind: datastore\ndatastore: {volume: /data, version: "15", backup: {command: [dump]}}\n'


class Migrating:
    """A published release that migrates."""

    def __init__(self) -> None:
        self.published = Published(manifest(definition=definition("deploy: {migrate: [migrate]}\n")))
        self.store = self.published.onward.store
        self.migrations = MemoryMigrations()
        engines = {Kind.SERVICE: MemoryEngine()}
        self._activities = MigrateActivities(self.published.targets(), engines, self.migrations, self.store)

    def migrate(self, run: str = "run") -> Migrated:
        return ActivityEnvironment().run(self._activities.migrate, self.published.target(run=run))


def test_what_was_migrated_is_never_migrated_again() -> None:
    migrating = Migrating()
    assert migrating.migrate() == Migrated(detail="migrated")

    assert migrating.migrate() == Migrated(detail="migrated")
    assert migrating.migrate("another run") == Migrated(detail="migrated before")
    assert len(migrating.migrations.ran) == 1


def test_a_worker_that_dies_before_the_job_is_removed_leaves_it_to_the_next() -> None:
    migrating = Migrating()
    migrating.migrate()
    left = deployment(1, environment=Environment.PROD)
    migrating.migrations.run(left, "run", SilentProgress())

    migrating.migrate()

    assert migrating.migrations.jobs == {}


def test_a_failure_is_of_one_run() -> None:
    migrating = Migrating()
    migrating.migrations.ends[COMMIT] = MigrationEnd(exit_code=2, output="no connection")
    for _ in range(2):
        with pytest.raises(ApplicationError, match="exit code 2: no connection; no task was replaced") as caught:
            migrating.migrate()
    assert caught.value.non_retryable
    assert len(migrating.migrations.ran) == 1
    migrating.migrations.ends.clear()

    assert migrating.migrate("another run") == Migrated(detail="migrated")
    assert len(migrating.migrations.ran) == 2


class BackingUp:
    """A published release of a datastore that follows #0."""

    def __init__(self) -> None:
        self.published = Published(manifest(definition=definition(DATASTORE)))
        self.store = self.published.onward.kept[Environment.PROD]
        self.backups = MemoryBackups()
        self.engine = MemoryEngine()
        before = deployment(0, environment=Environment.PROD, definition=definition(DATASTORE))
        self.engine.deploy(before, SilentProgress())

    def back_up(self, *, kept: bool = True) -> BackedUp:
        logs, store = self.published.onward.store, self.store if kept else None
        engines = {Kind.DATASTORE: self.engine}
        activities = BackupActivities(self.published.targets(), engines, self.backups, logs, store)
        return ActivityEnvironment().run(activities.back_up, self.published.target())

    @property
    def contents(self) -> list[str]:
        return [key for key in self.store.objects if key.endswith(".dump")]


def test_a_whole_backup_is_made_once() -> None:
    backing = BackingUp()
    first = backing.back_up()

    assert backing.back_up() == first
    assert backing.contents == [backing.store.key(first.uri)]


def test_nothing_of_a_backup_is_in_onwards_own_bucket() -> None:
    backing = BackingUp()
    backing.back_up()

    assert len(backing.store.objects) == 2
    assert not any(key.startswith("backups/") for key in backing.published.onward.store.objects)


@pytest.mark.parametrize("first", [True, False])
def test_without_a_bucket_of_its_own_nothing_is_begun(first: bool) -> None:
    backing = BackingUp()
    if first:
        backing.engine.states.clear()

    with pytest.raises(
        BackupFailed, match=r"prod-shop-cart declares a backup[\s\S]*ONWARD_BACKUP_BUCKET of the prod duty"
    ):
        backing.back_up(kept=False)
    backing.store.gone = True
    with pytest.raises(BackupFailed, match=r"is not there; nothing was done[\s\S]*onward env apply prod"):
        backing.back_up()

    assert backing.backups.made == []


@pytest.mark.parametrize("place", [VolumePlace.HERE, VolumePlace.ELSEWHERE])
def test_data_that_somebody_took_the_service_away_from_are_not_touched_without_a_backup(place: VolumePlace) -> None:
    backing = BackingUp()
    name = "prod-shop-cart"
    seen = SeenServices(backing.published.onward.store)
    seen.replace(Environment.PROD, seen_of(backing.engine.running(Environment.PROD), Seen()), None)
    backing.engine.states.clear()
    assert backing.back_up().detail == "nothing to back up yet", "nor are there data"

    backing.backups.volumes[name] = place
    with pytest.raises(ApplicationError, match=f"the service {name} was removed, and its volume is {place}") as caught:
        backing.back_up()
    assert caught.value.non_retryable
    assert "only by a release without datastore.backup" in caught.value.message


def test_a_volume_of_a_first_deploy_that_did_not_arrive_holds_nothing() -> None:
    backing = BackingUp()
    backing.engine.states.clear()
    backing.backups.volumes["prod-shop-cart"] = VolumePlace.HERE
    assert backing.back_up().detail == "nothing to back up yet"


def test_a_content_without_its_record_is_not_taken_for_a_backup() -> None:
    backing = BackingUp()
    first = backing.back_up()
    del backing.store.objects[keys.backup_key(Environment.PROD, backing.published.manifest.service, 1)]

    second = backing.back_up()

    assert second.uri != first.uri
    assert len(backing.contents) == 2, "what was there stays as it is"


def test_one_that_was_asked_for_already_is_not_backed_up_over() -> None:
    backing = BackingUp()
    after = deployment(1, environment=Environment.PROD, definition=definition(DATASTORE))
    backing.engine.deploy(after, SilentProgress())

    assert backing.back_up() == BackedUp(detail="already asked for")
    assert backing.contents == []
