"""How each part is asked whether it answers; none of the questions changes anything."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Awaitable
from typing import TypeVar

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from domain.errors import Unreachable
from domain.identity import Duty
from domain.workflow_ids import task_queue
from workflows.attributes import ALL

TIMEOUT = 2.0
NAMESPACE = "default"

Answer = TypeVar("Answer")


def answers_http(server: str, host: str, port: int, path: str) -> None:
    """A GET is answered with less than 400; proxies of the environment are not asked.

    :raises Unreachable: it is not.
    """
    address = f"http://{host}:{port}"
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(server, address, str(error) or type(error).__name__) from None
    finally:
        connection.close()
    if status >= http.HTTPStatus.BAD_REQUEST:
        raise Unreachable(server, address, f"HTTP {status} for {path}")


def temporal_answers(address: str) -> None:
    """The server answers, its namespace is there, and it knows our search attributes.

    :raises Unreachable: not yet.
    """
    asyncio.run(_within(address, _knows_attributes(address)))


def worker_polls(address: str, duty: Duty, pid: int) -> None:
    """The worker with this pid polls its task queue: it is connected, its settings fit its duty.

    :raises Unreachable: not yet.
    """
    asyncio.run(_within(address, _polls(address, duty, pid)))


async def _within(address: str, question: Awaitable[Answer]) -> Answer:
    try:
        return await asyncio.wait_for(question, TIMEOUT)
    except (RPCError, RuntimeError, TimeoutError) as error:
        raise Unreachable("Temporal", address, str(error) or type(error).__name__) from None


async def _knows_attributes(address: str) -> None:
    client = await Client.connect(address)
    listed = await client.operator_service.list_search_attributes(ListSearchAttributesRequest(namespace=NAMESPACE))
    missing = {key.name for key in ALL} - set(listed.custom_attributes)
    if missing:
        raise Unreachable("Temporal", address, f"search attributes are missing: {', '.join(sorted(missing))}")


async def _polls(address: str, duty: Duty, pid: int) -> None:
    client = await Client.connect(address)
    kind = (
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW if duty is Duty.ORCHESTRATE else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    )
    request = DescribeTaskQueueRequest(
        namespace=NAMESPACE, task_queue=TaskQueue(name=task_queue(duty)), task_queue_type=kind
    )
    described = await client.workflow_service.describe_task_queue(request)
    # The SDK's identity is <pid>@<host>; a killed worker stays in the list for minutes.
    if not any(poller.identity.startswith(f"{pid}@") for poller in described.pollers):
        raise Unreachable(f"the {duty} worker", f"task queue {task_queue(duty)}", "it does not poll yet")
