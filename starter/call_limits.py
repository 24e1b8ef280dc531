"""A limit for each call of Temporal that brings none: by itself the SDK waits half a minute for an answer."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import (
    DescribeWorkflowInput,
    Interceptor,
    ListWorkflowsInput,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowExecutionAsyncIterator,
    WorkflowExecutionDescription,
    WorkflowHandle,
)
from temporalio.service import RetryConfig

#: For one call that the server answers by itself. Updates and results wait for a workflow, and have
#: limits where they are asked for.
CALL = timedelta(seconds=4)

#: How long a call that is refused, as by a server that restarts, is tried again.
RETRY = RetryConfig(max_elapsed_time_millis=4000)

Call = TypeVar("Call", StartWorkflowInput, DescribeWorkflowInput, ListWorkflowsInput)


class CallLimits(Interceptor):
    """Gives each call :data:`CALL` seconds."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:
        """Before whatever else looks at the calls."""
        return _Limited(next)


class _Limited(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:
        return await super().start_workflow(_limited(input))

    async def describe_workflow(self, input: DescribeWorkflowInput) -> WorkflowExecutionDescription:
        return await super().describe_workflow(_limited(input))

    def list_workflows(self, input: ListWorkflowsInput) -> WorkflowExecutionAsyncIterator:
        return super().list_workflows(_limited(input))


def _limited(call: Call) -> Call:
    return call if call.rpc_timeout else dataclasses.replace(call, rpc_timeout=CALL)
