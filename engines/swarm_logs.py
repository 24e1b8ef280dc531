"""The output of a service's tasks, each task's by itself."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from engines.swarm_api import Json
from engines.swarm_tasks import task_name

#: Which stream, and how many bytes follow: https://docs.docker.com/engine/api, *ContainerAttach*.
HEADER = struct.Struct(">BxxxL")


def lines_by_task(service: str, outputs: Iterable[tuple[Json, bytes]]) -> str:
    """One task's lines after the other's, in the order of the tasks, with the task's name in front.

    :param outputs: each task with what it printed, as frames: ``GET /tasks/<id>/logs``.
    """
    return "\n".join(
        f"{task_name(service, task)} | {line}" for task, output in outputs for line in text_of(output).splitlines()
    )


def text_of(frames: bytes) -> str:
    """What one task printed, both streams in their order."""
    return b"".join(_payloads(frames)).decode(errors="replace")


def _payloads(frames: bytes) -> Iterator[bytes]:
    at = 0
    while at + HEADER.size <= len(frames):
        _, length = HEADER.unpack_from(frames, at)
        at += HEADER.size
        yield frames[at : at + length]
        at += length
