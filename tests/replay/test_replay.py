"""Workflows that run now must replay under the code that comes: saved histories, one per story."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.replay.record import HISTORIES, STORIES
from worker import WORKFLOWS

SAVED = sorted(HISTORIES.glob("*.json"))

SUMMARIZED = {
    EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
    EventType.EVENT_TYPE_TIMER_STARTED,
    EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED,
}


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.stem)
async def test_a_saved_history_replays(file: Path) -> None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)

    await replayer.replay_workflow(WorkflowHistory.from_json(file.stem, file.read_text()))


def test_every_story_has_its_history() -> None:
    assert [file.stem for file in SAVED] == sorted(story.__name__ for story in STORIES), "run `make history`"


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.stem)
def test_the_ui_says_what_each_activity_timer_and_child_is_for(file: Path) -> None:
    history = WorkflowHistory.from_json(file.stem, file.read_text())

    mute = [each.event_id for each in history.events if each.event_type in SUMMARIZED and not _summary(each)]

    assert mute == []


def test_each_wait_with_an_end_is_in_some_history() -> None:
    histories = [WorkflowHistory.from_json(file.stem, file.read_text()) for file in SAVED]
    timers = [each for one in histories for each in one.events if each.event_type == EventType.EVENT_TYPE_TIMER_STARTED]

    assert {_summary(each).partition(" release:")[0] for each in timers} == {
        "tell on-call again",
        "leave people untold that it is closed",
        "stop the suites that still run",
        "give up asking",
        "give ci its own sizes back",
        "ask again for a place",
        "see whether a run died",
    }


def _summary(event: HistoryEvent) -> str:
    """As the UI shows it."""
    data = event.user_metadata.summary.data
    return str(json.loads(data)) if data else ""
