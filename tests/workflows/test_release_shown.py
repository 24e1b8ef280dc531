"""What the Temporal UI shows of a release: search attributes, memo, the page of its stages."""

from __future__ import annotations

from temporalio.api.enums.v1 import EventType
from temporalio.testing import WorkflowEnvironment

from domain.identity import Duty
from domain.workflow_ids import task_queue
from tests.fakes.onward import REPOSITORY, MemoryOnward
from tests.workflows.releasing import Release, released, started
from workflows import attributes
from workflows.release import ReleaseWorkflow
from workflows.starting import memo_of


async def test_the_ui_can_search_for_what_a_release_did(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    request = onward.commit()
    await released(temporal.client, request)

    described = await temporal.client.get_workflow_handle(request.id).describe()
    found = described.typed_search_attributes

    assert found[attributes.STATUS] == "verified"
    assert found[attributes.STAGE] == "verify prod"
    assert found[attributes.NUMBER] == 1
    assert found[attributes.APPLICATION] == onward.application


async def test_the_ui_says_who_wanted_a_release_and_why(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    request = onward.commit().model_copy(update={"requested_by": "ann", "reason": "totals are wrong"})

    release = await started(temporal.client, request)

    assert await (await release.describe()).memo() == {
        "repository": REPOSITORY,
        "service_directory": "cart",
        "requested_by": "ann",
        "reason": "totals are wrong",
        "roll_forward": "",
    }
    await release.result()
    assert await _upserted_memos(release) == []


async def test_a_release_that_was_started_by_hand_is_found_and_says_the_same(
    temporal: WorkflowEnvironment, onward: MemoryOnward
) -> None:
    request = onward.commit().model_copy(update={"requested_by": "ann", "reason": "totals are wrong"})

    release = await temporal.client.start_workflow(
        ReleaseWorkflow.run, request, id=request.id, task_queue=task_queue(Duty.ORCHESTRATE), memo={"ticket": "7"}
    )
    await release.result()

    described = await release.describe()
    assert await described.memo() == {**memo_of(request), "ticket": "7"}
    assert described.typed_search_attributes[attributes.ROLE] == "cart"


async def test_the_page_in_the_ui_shows_the_stages(temporal: WorkflowEnvironment, onward: MemoryOnward) -> None:
    request = onward.commit()
    await released(temporal.client, request)

    page = await temporal.client.get_workflow_handle(request.id).query("__temporal_workflow_metadata")

    text = page.current_details.replace("\N{NO-BREAK SPACE}", " ")
    assert "| ✔   | deploy prod   |" in text
    assert f"{request.service} #1: verified" in page.current_details


async def _upserted_memos(release: Release) -> list[int]:
    events = (await release.fetch_history()).events
    return [each.event_id for each in events if each.event_type == EventType.EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED]
