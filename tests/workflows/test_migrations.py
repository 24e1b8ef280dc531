"""Migrations in a release: once in each environment, and no task is replaced when one fails."""

from __future__ import annotations

import threading

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from domain.environment import Environment
from domain.identity import canonical_name
from domain.migration import MigrationEnd
from domain.release import ReleaseRequest, Stage
from tests.fakes.onward import MemoryOnward
from tests.workflows.releasing import eventually, failed, released, started

MIGRATES = "deploy: {migrate: [python3, migrate.py]}\n"


async def test_a_migration_runs_once_in_each_environment_before_its_deploy(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    request = onward.commit(more=MIGRATES)

    result = await released(temporal.client, request)

    assert onward.migrations.ran == [(canonical_name(each, request.service), 1) for each in Environment]
    assert onward.migrations.jobs == {}, "they are removed once their end is recorded"
    details = {stage.name: stage.detail for stage in result.stages}
    assert details[Stage.DEPLOY_PROD].startswith("#1 created, 1 replica, migrated")
    for environment in Environment:
        assert f"migrations/{environment}/{request.service}/1.json" in onward.store.objects
        (log,) = (key for key in onward.store.objects if key.endswith(f"/migrate-{environment}.log"))
        assert onward.store.get(log) == b"migrated\n"


async def test_who_does_not_migrate_is_asked_nothing(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    await released(temporal.client, onward.commit())
    assert onward.migrations.ran == []


async def test_a_migration_that_fails_replaces_no_task_and_opens_the_roll_forward(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    good = onward.commit()
    await released(temporal.client, good)
    bad = onward.commit(more=MIGRATES)
    onward.migrations.ends[bad.commit] = MigrationEnd(exit_code=3, output="altering\nno such column\n")
    before = list(onward.engine.updates)

    result = await failed(temporal.client, bad)

    name = canonical_name(Environment.CI, bad.service)
    assert result.failure is not None
    assert (result.failure.stage, result.failure.kind) == (Stage.DEPLOY_CI, "MigrationFailed")
    assert result.failure.message == (
        f"{name}: the migration ended with exit code 3: no such column; no task was replaced"
    )
    assert result.failure.evidence is not None
    assert result.failure.evidence.endswith("/migrate-ci.log")
    assert result.roll_forward == f"roll-forward:{bad.service}"
    assert onward.engine.updates == before
    assert onward.migrations.ran == [(name, 2)], "one attempt"


async def test_the_same_commit_once_more_migrates_once_more(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    request = onward.commit(more=MIGRATES)
    onward.migrations.ends[request.commit] = MigrationEnd(exit_code=1, output="no connection")
    await failed(temporal.client, request)
    onward.migrations.ends.clear()

    result = await released(temporal.client, request)

    ci, prod = (canonical_name(each, request.service) for each in Environment)
    assert result.number == 2, "a number is of one publication"
    assert onward.migrations.ran == [(ci, 1), (ci, 2), (prod, 2)]


async def test_a_cancel_stops_the_migration(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    onward.migrations.blocked = threading.Event()
    release = await started(temporal.client, onward.commit(more=MIGRATES))
    await eventually(lambda: bool(onward.migrations.jobs))

    await release.cancel()

    with pytest.raises(WorkflowFailureError):
        await release.result()
    assert onward.migrations.jobs == {}
    assert onward.engine.updates == []
    assert not any(key.startswith("migrations/") for key in onward.store.objects)


async def test_a_migration_of_what_was_overtaken_is_not_begun(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    first = onward.commit()
    await released(temporal.client, first)
    name = canonical_name(Environment.CI, first.service)
    onward.engine.states[name] = onward.engine.states[name].model_copy(update={"number": 99})

    await released(temporal.client, _migrating(onward))

    assert onward.migrations.ran == []


def _migrating(onward: MemoryOnward) -> ReleaseRequest:
    return onward.commit(more=MIGRATES)
