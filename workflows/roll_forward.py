"""A failed release until a later one is verified. It waits for people, as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.admissibility import refuse_any, refuse_unseen
    from domain.evidence import FailedRelease
    from domain.roll_forward import RollForwardView
    from domain.roll_forward_messages import (
        ROLL_FORWARD,
        Acknowledge,
        Begun,
        EndedWell,
        Fix,
        FixStarted,
        NameCulprit,
        Remark,
        Retry,
    )
    from domain.roll_forward_state import RollForwardState
    from workflows.attendance import Attendance
    from workflows.concurrently import to_its_end
    from workflows.fixing import REFUSED, started_fix, started_retry


@workflow.defn(name=ROLL_FORWARD)
class RollForwardWorkflow:
    """One incident of one service; at most one is open, by the rule that a workflow ID runs once."""

    @workflow.init
    def __init__(self, state: RollForwardState) -> None:
        self._attendance = Attendance(state)

    @workflow.run
    async def run(self, state: RollForwardState) -> RollForwardView:  # noqa: ARG002 – init keeps it
        """Hold what must wait, tell people, collect evidence; then let go when a later release is verified.

        A cancel ends nothing: only such a release does.
        """
        attendance = self._attendance
        await attendance.opened()
        while attendance.is_open:
            try:
                await attendance.attend()
            except asyncio.CancelledError:
                attendance.say("Onward", "was asked to cancel this; only a later verified release closes it")
            if attendance.is_open and attendance.is_time_to_go:
                with suppress(asyncio.CancelledError):
                    await attendance.settle()
                if attendance.is_open and attendance.is_time_to_go:  # nobody has come in meanwhile
                    workflow.continue_as_new(attendance.carried_over)
        with suppress(asyncio.CancelledError):
            await to_its_end(attendance.close())
        if attendance.next_incident is not None:
            workflow.continue_as_new(attendance.next_incident)
        return attendance.view()

    @workflow.query(description="All of the roll-forward")
    def view(self) -> RollForwardView:
        """As it is now."""
        return self._attendance.view()

    # --- what releases say ------------------------------------------------------------------

    @workflow.signal(description="A release of the service did not end well")
    def failed(self, failed: FailedRelease) -> None:
        """The first one opens the roll-forward, each later one is an attempt of it."""
        self._attendance.failed(failed)

    @workflow.signal(description="A release of the service has begun: it is adopted as a fix")
    def begun(self, begun: Begun) -> None:
        """It may be the one that this roll-forward started itself."""
        self._attendance.begun(begun)

    @workflow.signal(description="A release is verified, or superseded by a newer one")
    def ended_well(self, done: EndedWell) -> None:
        """A later verified one closes the roll-forward."""
        self._attendance.ended_well(done)

    # --- what people say --------------------------------------------------------------------

    @workflow.update(description='Release a fix: {"commit": "<40 hex digits>", "by": "ann"}')
    async def fix(self, message: Fix) -> FixStarted:
        """A new commit, in the express lane. Refusals say why."""
        self._attendance.checking = f"{message.by} has asked for {message.commit[:12]}, which is being looked at"
        return await self._begun_fix(started_fix(self._attendance.incident, message))

    @fix.validator
    def _may_fix(self, message: Fix) -> None:
        self._refuse_second()
        _refuse(refuse_unseen(self._attendance.incident, message))

    @workflow.update(description='The failed commit once more: {"by": "ann", "reason": "the registry is back"}')
    async def retry(self, message: Retry) -> FixStarted:
        """For causes outside of the code. In the express lane, too."""
        self._attendance.checking = f"{message.by} has asked for a retry"
        return await self._begun_fix(started_retry(self._attendance.incident, message))

    @retry.validator
    def _may_retry(self, message: Retry) -> None:  # noqa: ARG002 – its type is what is checked
        self._refuse_second()

    @workflow.update(description='Say that you have it: {"by": "ann"}')
    def ack(self, message: Acknowledge) -> RollForwardView:
        """Nobody is told again."""
        self._attendance.incident.acknowledge(message.by, workflow.now())
        self._attendance.stir()
        return self.view()

    @ack.validator
    def _may_ack(self, message: Acknowledge) -> None:  # noqa: ARG002
        self._refuse_closed()

    @workflow.update(description='Note something: {"by": "ann", "text": "the disk was full"}')
    def note(self, message: Remark) -> RollForwardView:
        """On the page, for the others."""
        self._attendance.say(message.by, message.text)
        return self.view()

    @note.validator
    def _may_note(self, message: Remark) -> None:  # noqa: ARG002
        self._refuse_closed()

    @workflow.update(description='Name the service that is the cause: {"role": "catalog", "by": "ann"}')
    def name_culprit(self, message: NameCulprit) -> RollForwardView:
        """Its verified release closes this, too."""
        if self._attendance.incident.name_culprit(message.role):
            reason = f": {message.reason}" if message.reason else ""
            self._attendance.say(message.by, f"names {message.role} as the culprit{reason}")
        return self.view()

    @name_culprit.validator
    def _may_name(self, message: NameCulprit) -> None:
        self._refuse_closed()
        if message.role == self._attendance.incident.service.role:
            _refuse(f"{message.role} is the service that this is about")

    async def _begun_fix(self, work: Awaitable[FixStarted]) -> FixStarted:
        """While one is looked at, no other is admitted."""
        self._attendance.show()
        try:
            started = await work
            self._attendance.fix_started(started.run)
            return started
        finally:
            self._attendance.checking = ""
            self._attendance.stir()

    def _refuse_second(self) -> None:
        _refuse(refuse_any(self._attendance.incident, self._attendance.checking))

    def _refuse_closed(self) -> None:
        if not self._attendance.is_open:
            _refuse("it is closed")


def _refuse(reason: str | None) -> None:
    if reason:
        raise ApplicationError(reason, type=REFUSED, non_retryable=True)
