"""The output of a service's tasks, each task's by itself."""

from __future__ import annotations

from collections.abc import Sequence

from engines.swarm_api import Json
from engines.swarm_tasks import task_name

TASK_DETAIL = "com.docker.swarm.task.id="


def lines_by_task(service: str, output: bytes, tasks: Sequence[Json]) -> str:
    """One task's lines after the other's, in the order of the tasks, with the task's name in front.

    :param output: lines that begin with the task's details, as ``GET /services/<name>/logs`` has them.
    """
    kept: dict[str, list[str]] = {task["ID"]: [] for task in tasks}
    for line in output.decode(errors="replace").splitlines():
        details, _, text = line.partition(" ")
        task_id = next((word for word in details.split(",") if word.startswith(TASK_DETAIL)), "")
        kept.get(task_id.removeprefix(TASK_DETAIL), []).append(text)
    return "\n".join(f"{task_name(service, task)} | {text}" for task in tasks for text in kept[task["ID"]])
