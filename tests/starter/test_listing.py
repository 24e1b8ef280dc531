"""Lists and starts, as a CI job asks for them: the options choose, the document tells."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from domain.release import ReleaseRequest
from settings import ClientSettings
from starter.attending import attended
from starter.connection import Connection
from starter.output import Output
from tests.fakes.onward import MemoryOnward
from tests.starter.conftest import Asks
from tests.workflows.releasing import failed, released, started


@pytest.fixture
async def memory(temporal: WorkflowEnvironment) -> AsyncIterator[MemoryOnward]:
    onward = MemoryOnward()
    async with onward.workers(temporal.client):
        yield onward


@pytest.fixture
async def there(temporal: WorkflowEnvironment, memory: MemoryOnward) -> dict[str, ReleaseRequest]:
    """A verified release of each of two services, and then one that failed."""
    requests = {role: memory.commit(role) for role in ("cart", "catalog")}
    for request in requests.values():
        await released(temporal.client, request)
    requests["broken"] = memory.commit("cart", dockerfile="FROM base\nRUN broken\n")
    memory.builder.failing.add("RUN broken")
    await failed(temporal.client, requests["broken"])
    return requests


async def listed(asks: Asks, *words: str) -> list[str]:
    answer = await asks("releases", *words, "--json")
    assert answer.exit_code == 0, str(answer)
    return [row["release"] for row in answer.document]


async def test_releases_are_chosen_and_limited(asks: Asks, there: dict[str, ReleaseRequest]) -> None:
    ours = ("--application", there["cart"].application)
    everything = [there[each].id for each in ("broken", "catalog", "cart")]

    assert await listed(asks, *ours) == everything
    assert await listed(asks, *ours, "--limit", "2") == everything[:2]
    assert await listed(asks, *ours, "--role", "catalog") == [there["catalog"].id]
    assert await listed(asks, *ours, "--status", "failed") == [there["broken"].id]
    assert await listed(asks, *ours, "--role", "cart", "--status", "verified") == [there["cart"].id]
    assert await listed(asks, *ours, "--role", "nobody' OR 'a' = 'a") == []


async def test_deployed_is_of_one_environment_or_of_all(asks: Asks, there: dict[str, ReleaseRequest]) -> None:
    ours = ("deployed", "--application", there["cart"].application, "--json")
    everywhere = (await asks(*ours)).document
    in_prod = (await asks(*ours, "--environment", "prod")).document

    assert {(row["environment"], row["role"]) for row in everywhere} >= {("ci", "cart"), ("prod", "catalog")}
    assert in_prod == [row for row in everywhere if row["environment"] == "prod"]
    assert {row["role"] for row in in_prod} == {"cart", "catalog"}


async def test_who_does_not_wait_is_told_how_to_follow(
    temporal: WorkflowEnvironment, capsys: pytest.CaptureFixture[str]
) -> None:
    request = MemoryOnward().commit()
    await started(temporal.client, request)
    code = await attended(Connection(temporal.client, ClientSettings()), request.id, Output(as_json=False), wait=False)

    stdout, stderr = capsys.readouterr()
    assert code == 0
    assert stdout == f"started; follow it with: onward watch {request.id}\n"
    assert request.id in stderr
