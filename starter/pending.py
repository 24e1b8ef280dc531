"""What a release is doing right now, as the Temporal server knows it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from temporalio.api.enums.v1 import PendingActivityState, TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflow.v1 import PendingActivityInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from domain.identity import Duty
from domain.workflow_ids import task_queue
from starter.call_limits import CALL
from starter.text import seconds

Handle = WorkflowHandle[Any, Any]


async def pending(handle: Handle) -> list[PendingActivityInfo]:
    """The activities that run or wait."""
    described = await handle.describe()
    return list(described.raw_description.pending_activities)


async def current_activities(handle: Handle) -> str:
    """What the activities say of themselves, or why they are tried again: one line."""
    return "; ".join([_one_line(each) for each in await pending(handle)])


async def waits_for(client: Client, handle: Handle) -> str:
    """One sentence: what a running release waits for."""
    found = await pending(handle)
    if not found:
        return await _unpolled(client, task_queue(Duty.ORCHESTRATE)) or "it is between two stages"
    first = found[0]
    if first.paused:
        return _paused(first)
    since = (datetime.now(UTC) - first.scheduled_time.ToDatetime(UTC)).total_seconds()
    sentence = f"{first.activity_type.name} has been going on for {seconds(since)}"
    detail = _one_line(first)
    if first.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED and not first.HasField("last_failure"):
        queue = first.activity_options.task_queue.name
        return await _unpolled(client, queue) or f"{first.activity_type.name} waits for a free worker of {queue}"
    return f"{sentence}: {detail}" if detail else sentence


def _paused(activity: PendingActivityInfo) -> str:
    by = activity.pause_info.manual
    reason = f" ({by.reason})" if by.reason else ""
    return f"{activity.activity_type.name} is paused by {by.identity or 'a rule'}{reason}: temporal activity unpause"


def _one_line(activity: PendingActivityInfo) -> str:
    if activity.paused:
        return _paused(activity)
    if activity.HasField("last_failure") and activity.attempt > 1:
        reason = activity.last_failure.message.splitlines()[0] if activity.last_failure.message else "no reason given"
        return f"{activity.activity_type.name}, attempt {activity.attempt}, because: {reason}"
    payloads = activity.heartbeat_details.payloads
    details = pydantic_data_converter.payload_converter.from_payloads(payloads) if payloads else []
    return str(details[0]) if details else ""


async def _unpolled(client: Client, queue: str) -> str:
    """Why nothing happens, when no worker asks for the queue's work."""
    kind = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    if queue == task_queue(Duty.ORCHESTRATE):
        kind = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind),
        timeout=CALL,
    )
    return "" if answer.pollers else f"nobody polls task queue {queue}: is a worker of that duty running?"
