"""An environment is compared and made by the duties that may, once, whatever dies meanwhile."""

from __future__ import annotations

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, RemoveSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from domain.bootstrap import EnvironmentParts
from domain.environment import Environment
from domain.errors import Refused
from starter.environments import Environments
from tests.fakes.onward import MemoryOnward
from tests.workflows.conftest import local_server


def _names(found: EnvironmentParts, kind: str) -> list[str]:
    return [part.name for part in found.to_do if part.kind == kind]


async def test_what_is_missing_is_made_once_by_the_environments_own_duty(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    onward.publish("cart")
    asked = Environments(temporal.client)
    networks = [f"prod-{onward.application}", f"prod-{onward.application}-data"]
    assert _names(await asked.compared(Environment.PROD), "network") == networks
    assert onward.foundation.made == []
    onward.foundation.dies = 2

    applied = await asked.applied(Environment.PROD)
    again = await asked.applied(Environment.PROD)

    assert _names(applied, "network") == networks
    assert onward.foundation.made == networks
    assert again.to_do == ()
    assert _names(await asked.compared(Environment.CI), "network") == [
        f"ci-{onward.application}",
        f"ci-{onward.application}-data",
    ]


async def test_a_search_attribute_that_is_not_registered_is_registered() -> None:
    onward = MemoryOnward()
    async with await local_server() as environment, onward.workers(environment.client):
        asked = Environments(environment.client)
        await environment.client.operator_service.remove_search_attributes(
            RemoveSearchAttributesRequest(namespace=environment.client.namespace, search_attributes=["OnwardRuns"])
        )
        missing = _names(await asked.compared(Environment.CI), "search attribute")
        await asked.applied(Environment.CI)
        left = await asked.compared(Environment.CI)

    assert missing == ["OnwardRuns"]
    assert left.to_do == ()


async def test_a_search_attribute_of_another_type_is_for_hands_and_nothing_is_made_without_it() -> None:
    onward = MemoryOnward()
    onward.publish("cart")
    async with await local_server() as environment, onward.workers(environment.client):
        operator, namespace = environment.client.operator_service, environment.client.namespace
        await operator.remove_search_attributes(
            RemoveSearchAttributesRequest(namespace=namespace, search_attributes=["OnwardRuns"])
        )
        wrong = {"OnwardRuns": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD}
        await operator.add_search_attributes(AddSearchAttributesRequest(namespace=namespace, search_attributes=wrong))
        asked = Environments(environment.client)
        changes = {part.name: part.change for part in (await asked.compared(Environment.CI)).to_do}
        with pytest.raises(Refused, match="another type, which Temporal does not change: OnwardRuns"):
            await asked.applied(Environment.CI)

    assert changes["OnwardRuns"] == "remove by hand"
    assert onward.foundation.made == []
