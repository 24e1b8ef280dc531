"""Workflows that run now must replay under the code that comes: saved histories, one per story."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.worker import Replayer

from tests.replay.record import HISTORIES, STORIES
from worker import WORKFLOWS

SAVED = sorted(HISTORIES.glob("*.json"))


@pytest.mark.parametrize("file", SAVED, ids=lambda file: file.stem)
async def test_a_saved_history_replays(file: Path) -> None:
    replayer = Replayer(workflows=WORKFLOWS, data_converter=pydantic_data_converter)

    await replayer.replay_workflow(WorkflowHistory.from_json(file.stem, file.read_text()))


def test_every_story_has_its_history() -> None:
    assert [file.stem for file in SAVED] == sorted(story.__name__ for story in STORIES), "run `make history`"
