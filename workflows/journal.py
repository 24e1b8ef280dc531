"""A release's own record: which stage, since when, how it ended; what the Temporal UI shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import exceptions, workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, ChildWorkflowError, FailureError

with workflow.unsafe.imports_passed_through():
    from domain.errors import InvalidDefinition, InvalidInput, ResourceRefused, Superseded
    from domain.release import Failure, ReleaseRequest, ReleaseResult, ReleaseStatus, Stage, StageResult, StageStatus
    from workflows import attributes
    from workflows.concurrently import heed_cancel
    from workflows.page import release_page
    from workflows.starting import memo_of

RELEASE_FAILED = "ReleaseFailed"
CANCELLED = "Cancelled"
_REFUSALS = {
    Stage.SOURCE: {InvalidInput.__name__, InvalidDefinition.__name__},
    Stage.MANIFEST: {ResourceRefused.__name__},
}
_UNUSUAL = {CANCELLED: StageStatus.CANCELLED, Superseded.__name__: StageStatus.SUPERSEDED}


class StageNote:
    """What a stage wants to say about itself: one line, and a link if there is one."""

    detail = ""


class Journal:
    """Keeps a release's :class:`ReleaseResult` current, and the UI with it."""

    def __init__(self, request: ReleaseRequest) -> None:
        self.links: dict[str, str] = {}
        self._request = request
        self.result = ReleaseResult(
            release=request.id, application=request.application, role=request.role, commit=request.commit
        )

    @asynccontextmanager
    async def stage(self, name: Stage) -> AsyncIterator[StageNote]:
        """One stage: timed, shown, and kept in the result whatever happens inside.

        One that is gone through again takes the place of its first time, and of what came after it.
        """
        note = StageNote()
        started = StageResult(name=name, status=StageStatus.RUNNING, started=workflow.now())
        earlier = list(Stage)[: list(Stage).index(name)]
        before = tuple(each for each in self.result.stages if each.name in earlier)
        self._record(stages=(*before, started))
        workflow.upsert_search_attributes([attributes.STAGE.value_set(name.value)])
        try:
            heed_cancel()
            yield note
        except (FailureError, asyncio.CancelledError) as error:
            failure = failure_of(name, error)
            status = _UNUSUAL.get(failure.kind, StageStatus.FAILED)
            superseded = status is StageStatus.SUPERSEDED
            ended = _ended(started, status, failure.message)
            self._record(stages=(*before, ended), failure=None if superseded else failure)
            raise
        self._record(stages=(*before, _ended(started, StageStatus.DONE, note.detail)))

    def begin(self) -> None:
        """A release that somebody started by hand is found like any other, and says who wanted it and why."""
        if workflow.info().typed_search_attributes.get(attributes.STATUS) is None:
            known = attributes.of_new_release(self._request)
            workflow.upsert_search_attributes([pair.key.value_set(pair.value) for pair in known])
        missing = {key: value for key, value in memo_of(self._request).items() if key not in workflow.memo()}
        if missing:
            workflow.upsert_memo(missing)

    def blame(self, error: BaseException) -> None:
        """Keep an error that came between two stages: no stage has taken note of it."""
        stage = self.result.current
        if self.result.failure is None and (stage is None or stage.status is StageStatus.DONE):
            self._record(failure=failure_of(stage.name if stage else Stage.SOURCE, error))

    def number(self, number: int) -> None:
        """The release got its number."""
        self._record(number=number)
        workflow.upsert_search_attributes([attributes.NUMBER.value_set(number)])

    def belongs_to(self, roll_forward: str | None) -> None:
        """The roll-forward that a release which did not end well belongs to."""
        self._record(roll_forward=roll_forward)
        if roll_forward:
            workflow.upsert_search_attributes([attributes.ROLL_FORWARD.value_set(roll_forward)])

    def update(self, **changes: object) -> None:
        """Other fields of the result that became known."""
        self._record(**changes)

    def end(self, status: ReleaseStatus) -> ReleaseResult:
        """The release's last word."""
        self._record(status=status)
        workflow.upsert_search_attributes([attributes.STATUS.value_set(status.value)])
        return self.result

    @property
    def bad_end(self) -> ReleaseStatus:
        """Which end the last stage's error means: refused, superseded, or failed."""
        stage, failure = self.result.current, self.result.failure
        if stage is not None and stage.status is StageStatus.SUPERSEDED:
            return ReleaseStatus.SUPERSEDED
        refused = failure is not None and failure.kind in _REFUSALS.get(failure.stage, ())
        return ReleaseStatus.REFUSED if refused else ReleaseStatus.FAILED

    def _record(self, **changes: object) -> None:
        self.result = self.result.model_copy(update=changes)
        workflow.set_current_details(release_page(self._request, self.result, self.links))


def failure_of(stage: Stage, error: BaseException) -> Failure:
    """An error as a person needs it: the cause that an activity gave, not Temporal's wrapping."""
    cause = cause_of(error)
    if isinstance(cause, ApplicationError):
        evidence = next((detail for detail in cause.details if isinstance(detail, str)), None)
        return Failure(stage=stage, kind=cause.type or "Error", message=cause.message, evidence=evidence)
    if isinstance(cause, exceptions.TimeoutError):
        last = cause.cause
        kind = (last.type or "Error") if isinstance(last, ApplicationError) else "Timeout"
        return Failure(stage=stage, kind=kind, message=reason_of(error))
    if isinstance(cause, CancelledError | asyncio.CancelledError):
        return Failure(stage=stage, kind=CANCELLED, message="cancelled")
    return Failure(stage=stage, kind=type(cause).__name__, message=str(cause))


def cause_of(error: BaseException) -> BaseException:
    """What is below Temporal's wrapping."""
    cause = error
    while isinstance(cause, ActivityError | ChildWorkflowError) and cause.cause is not None:
        cause = cause.cause
    return cause


def reason_of(error: BaseException) -> str:
    """An error in one text: the cause's own words."""
    cause = cause_of(error)
    if isinstance(cause, exceptions.TimeoutError):
        last = cause.cause
        if isinstance(last, ApplicationError):
            return f"{last.message} (tried until time was up)"
        return f"no end in time ({cause.type.name if cause.type else ''})"
    return cause.message if isinstance(cause, ApplicationError) else str(cause)


def _ended(stage: StageResult, status: StageStatus, detail: str) -> StageResult:
    seconds = (workflow.now() - stage.started).total_seconds()
    return stage.model_copy(update={"status": status, "seconds": seconds, "detail": detail})
