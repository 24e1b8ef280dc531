"""A failed release until a later one is verified. It waits for people, as long as it takes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.roll_forwards import RollForwardActivities
    from domain.admissibility import refuse_any, refuse_unseen
    from domain.evidence import FailedRelease
    from domain.identity import Duty
    from domain.notice import Event
    from domain.roll_forward import RollForward, RollForwardView, State, Way
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
    from domain.roll_forward_page import headline, roll_forward_page
    from domain.roll_forward_row import RollForwardRow, row_of
    from domain.roll_forward_state import RollForwardState
    from workflows import attributes, policies
    from workflows.concurrently import to_its_end
    from workflows.evidence import collect_evidence
    from workflows.fixing import started_fix, started_retry
    from workflows.journal import reason_of
    from workflows.on_call import OnCall
    from workflows.turns import Turns

REFUSED = "Refused"

#: What goes on beside the waiting.
TELLING, EVIDENCE = "telling", "evidence"

#: How long a closed roll-forward tries to tell people so.
LAST_WORDS = timedelta(seconds=30)


@workflow.defn(name=ROLL_FORWARD)
class RollForwardWorkflow:
    """One incident of one service; at most one is open, by the rule that a workflow ID runs once."""

    @workflow.init
    def __init__(self, state: RollForwardState) -> None:
        self._carried = state
        self._incident = state.incident
        self._turns = Turns(held=state.frozen)
        self._on_call = OnCall(state)
        self._unread = list(state.unread)
        self._late: list[FailedRelease] = []
        self._checking = ""
        self._stirred = False
        self._beside: set[asyncio.Task[None]] = set()
        self._shown: RollForwardRow | None = None
        for each in state.late:
            self.failed(each)

    @workflow.run
    async def run(self, state: RollForwardState) -> RollForwardView:
        """Hold what must wait, tell people, collect evidence; then let go when a later release is verified.

        A cancel ends nothing: only such a release does.
        """
        incident = await self._opened()
        while incident.closed is None:
            try:
                await self._attend(incident)
            except asyncio.CancelledError:
                self._say_that_it_stays_open()
            if self._is_time_to_go:
                workflow.continue_as_new(self._carried_over)
        with suppress(asyncio.CancelledError):
            await self._turns.let_go(incident)
        self._on_call.tell(Event.CLOSED, incident.closed_by)
        self._begin_work(incident)
        self._show()
        with suppress(asyncio.CancelledError):
            await to_its_end(self._ended())
        if late := [each for each in self._late if each.request.service == state.service]:
            fresh = RollForwardState(service=state.service, remind_every=state.remind_every, late=tuple(late))
            workflow.continue_as_new(fresh)
        return self.view()

    @workflow.query(description="All of the roll-forward")
    def view(self) -> RollForwardView:
        """As it is now."""
        incident = self._known()
        return RollForwardView(
            roll_forward=incident.id,
            state=incident.state,
            prod_affected=incident.prod_affected,
            incident=incident,
            frozen=self._turns.held,
            checking=self._checking,
            untold=tuple(self._on_call.failed),
        )

    # --- what releases say ------------------------------------------------------------------

    @workflow.signal(description="A release of the service did not end well")
    def failed(self, failed: FailedRelease) -> None:
        """The first one opens the roll-forward, each later one is an attempt of it."""
        incident = self._incident
        if incident is None:
            self._incident = RollForward.opened_by(failed)
            self._on_call.tell(Event.OPENED, failed.run)
        elif incident.closed is not None:
            if failed.run not in [each.run for each in self._late]:
                self._late.append(failed)
            return
        elif not incident.failed(failed):
            return
        else:
            self._on_call.tell(Event.FIX_FAILED, failed.run)
        self._unread.append(failed)
        self._stirred = True

    @workflow.signal(description="A release of the service has begun: it is adopted as a fix")
    def begun(self, begun: Begun) -> None:
        """It may be the one that this roll-forward started itself."""
        incident = self._incident
        if incident is None:  # a word to the one before this, which is closed
            return
        way = Way.FIX if begun.request.roll_forward == incident.id else Way.ADOPTED
        if incident.begun(begun, way):
            self._on_call.tell(Event.FIX_STARTED, begun.run)
            self._stirred = True

    @workflow.signal(description="A release is verified, or superseded by a newer one")
    def ended_well(self, done: EndedWell) -> None:
        """A later verified one closes the roll-forward."""
        if self._incident is not None:
            self._incident.ended_well(done)
            self._stirred = True

    # --- what people say --------------------------------------------------------------------

    @workflow.update(description='Release a fix: {"commit": "<40 hex digits>", "by": "ann"}')
    async def fix(self, message: Fix) -> FixStarted:
        """A new commit, in the express lane. Refusals say why."""
        incident = self._known()
        self._checking = f"{message.by} has asked for {message.commit[:12]}, which is being looked at"
        return await self._begun_fix(started_fix(incident, message))

    @fix.validator
    def _may_fix(self, message: Fix) -> None:
        _refuse(refuse_any(self._incident, self._checking) or refuse_unseen(self._known(), message))

    @workflow.update(description='The failed commit once more: {"by": "ann", "reason": "the registry is back"}')
    async def retry(self, message: Retry) -> FixStarted:
        """For causes outside of the code. In the express lane, too."""
        incident = self._known()
        self._checking = f"{message.by} has asked for a retry"
        return await self._begun_fix(started_retry(incident, message))

    @retry.validator
    def _may_retry(self, message: Retry) -> None:  # noqa: ARG002 – its type is what is checked
        _refuse(refuse_any(self._incident, self._checking))

    @workflow.update(description='Say that you have it: {"by": "ann"}')
    def ack(self, message: Acknowledge) -> RollForwardView:
        """Nobody is told again."""
        self._known().acknowledge(message.by, workflow.now())
        self._stirred = True
        return self.view()

    @ack.validator
    def _may_ack(self, message: Acknowledge) -> None:  # noqa: ARG002
        self._refuse_closed()

    @workflow.update(description='Note something: {"by": "ann", "text": "the disk was full"}')
    def note(self, message: Remark) -> RollForwardView:
        """On the page, for the others."""
        self._known().say(message.by, workflow.now(), message.text)
        self._stirred = True
        return self.view()

    @note.validator
    def _may_note(self, message: Remark) -> None:  # noqa: ARG002
        self._refuse_closed()

    @workflow.update(description='Name the service that is the cause: {"role": "catalog", "by": "ann"}')
    def name_culprit(self, message: NameCulprit) -> RollForwardView:
        """Its verified release closes this, too."""
        incident = self._known()
        if incident.name_culprit(message.role):
            reason = f": {message.reason}" if message.reason else ""
            incident.say(message.by, workflow.now(), f"names {message.role} as the culprit{reason}")
            self._stirred = True
        return self.view()

    @name_culprit.validator
    def _may_name(self, message: NameCulprit) -> None:
        self._refuse_closed()
        if message.role == self._known().service.role:
            _refuse(f"{message.role} is the service that this is about")

    # --- what follows -----------------------------------------------------------------------

    async def _opened(self) -> RollForward:
        while self._incident is None:
            with suppress(asyncio.CancelledError):
                await workflow.wait_condition(lambda: self._incident is not None)
        return self._incident

    async def _ended(self) -> None:
        """People are told of the end, if they can be: a dead channel must not hold up who fails next."""
        with suppress(TimeoutError):
            await workflow.wait_condition(lambda: not self._beside or bool(self._late), timeout=LAST_WORDS)
        await workflow.wait_condition(workflow.all_handlers_finished)
        for each in [one for one in self._late if one.request.service != self._carried.service]:
            await workflow.execute_activity_method(
                RollForwardActivities.open,
                each.model_copy(update={"request": each.request.model_copy(update={"roll_forward": ""})}),
                **policies.lasting(Duty.ORCHESTRATE, f"open the roll-forward of {each.request.service}"),
            )

    async def _attend(self, incident: RollForward) -> None:
        """Do what the last events ask for; then wait for the next one, or the time to tell people again."""
        self._stirred = False
        self._turns.hold(incident, headline(self.view()))
        self._begin_work(incident)
        self._show()
        try:
            await workflow.wait_condition(
                lambda: self._stirred or self._is_time_to_go,
                timeout=self._on_call.patience(incident),
                timeout_summary="tell on-call again",
            )
        except TimeoutError:
            self._on_call.remind()

    def _begin_work(self, incident: RollForward) -> None:
        """What goes on beside the waiting, and never holds it up."""
        for telling in self._on_call.take():
            self._do_beside(TELLING, self._on_call.told(incident, telling))
        unread, self._unread = self._unread, []
        for failed in unread:
            self._do_beside(EVIDENCE, self._looked_into(incident, failed))

    def _do_beside(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._and_shown(work), name=name)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def _and_shown(self, work: Coroutine[Any, Any, None]) -> None:
        await work
        self._show()

    async def _begun_fix(self, work: Awaitable[FixStarted]) -> FixStarted:
        """While one is looked at, no other is admitted."""
        self._show()
        try:
            started = await work
            self._on_call.tell(Event.FIX_STARTED, started.run)
            return started
        finally:
            self._checking = ""
            self._stirred = True

    async def _looked_into(self, incident: RollForward, failed: FailedRelease) -> None:
        try:
            evidence = await collect_evidence(failed)
        except ActivityError as error:
            incident.say("Onward", workflow.now(), f"no evidence about {failed.request.id}: {reason_of(error)}")
        else:
            incident.found(failed.run, evidence.page)

    @property
    def _is_idle(self) -> bool:
        """Nothing is under way but telling people, which whoever goes on does again."""
        looking = [each for each in self._beside if each.get_name() == EVIDENCE]
        return not looking and not self._turns.is_asking and workflow.all_handlers_finished()

    @property
    def _is_time_to_go(self) -> bool:
        """Nothing is under way that would be lost; what is still to be done goes along."""
        return workflow.info().is_continue_as_new_suggested() and self._is_idle

    @property
    def _carried_over(self) -> RollForwardState:
        update = {
            "incident": self._incident,
            "frozen": self._turns.held,
            "reminders": self._on_call.reminders,
            "told_at": self._on_call.told_at,
            "untold": self._on_call.untold,
            "unread": tuple(self._unread),
            "late": (),
        }
        return self._carried.model_copy(update=update)

    def _say_that_it_stays_open(self) -> None:
        text = "was asked to cancel this; only a later verified release closes it"
        self._known().say("Onward", workflow.now(), text)

    def _show(self) -> None:
        """What can be seen without asking this workflow goes into memo and search attributes."""
        view = self.view()
        workflow.set_current_details(roll_forward_page(view))
        row = row_of(view)
        if row == self._shown:
            return
        self._shown = row
        workflow.upsert_memo({"row": row.model_dump(mode="json")})
        workflow.upsert_search_attributes(
            [
                attributes.APPLICATION.value_set(row.application),
                attributes.ROLE.value_set(row.role),
                attributes.STATUS.value_set(row.state.value),
                attributes.RUNS.value_set(view.incident.failed_runs),
            ]
        )

    def _known(self) -> RollForward:
        if self._incident is None:
            raise ApplicationError("nothing has failed yet", type=REFUSED, non_retryable=True)
        return self._incident

    def _refuse_closed(self) -> None:
        if self._known().state is State.CLOSED:
            _refuse("it is closed")


def _refuse(reason: str | None) -> None:
    if reason:
        raise ApplicationError(reason, type=REFUSED, non_retryable=True)
