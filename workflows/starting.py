"""How a release is started, by whomever: its ID makes it one release, its attributes make it found."""

from __future__ import annotations

from typing import Any, TypedDict

from temporalio.common import Priority, TypedSearchAttributes, WorkflowIDReusePolicy

from domain.batch import BatchRunRequest
from domain.identity import Duty
from domain.release import ReleaseRequest
from domain.workflow_ids import task_queue
from workflows import attributes

#: Ahead of a backlog of everything else; its activities and regressions inherit it.
EXPRESS = Priority(priority_key=1)


class ReleaseOptions(TypedDict):
    """The options that a client and a parent workflow start a release with."""

    id: str
    task_queue: str
    id_reuse_policy: WorkflowIDReusePolicy
    search_attributes: TypedSearchAttributes
    memo: dict[str, Any]
    static_summary: str
    static_details: str
    priority: Priority


def release_options(request: ReleaseRequest) -> ReleaseOptions:
    """One that failed before may be started anew; one that ended well may not."""
    return ReleaseOptions(
        id=request.id,
        task_queue=task_queue(Duty.ORCHESTRATE),
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        search_attributes=attributes.of_new_release(request),
        memo=memo_of(request),
        static_summary=f"{request.service} {request.commit[:12]}",
        static_details=request.reason or "no reason was given",
        priority=EXPRESS if request.roll_forward else Priority.default,
    )


def memo_of(request: ReleaseRequest) -> dict[str, Any]:
    """What is shown of a release beside its search attributes: who wants it, why, and from where."""
    shown = {"repository", "service_directory", "requested_by", "reason", "roll_forward"}
    return request.model_dump(mode="json", include=shown)


class RunOptions(TypedDict):
    """The options that a client starts a run of a batch job with."""

    id: str
    task_queue: str
    static_summary: str
    static_details: str


def batch_run_options(request: BatchRunRequest, run: str) -> RunOptions:
    """A run on demand; the workflow says the rest of itself, as one that a schedule started must."""
    return RunOptions(
        id=run,
        task_queue=task_queue(Duty.ORCHESTRATE),
        static_summary=f"{request.service} in {request.environment}, by {request.requested_by or 'somebody'}",
        static_details=request.reason or "no reason was given",
    )
