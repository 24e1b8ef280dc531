"""What an incident asks for: turns held, people told, evidence collected – beside the waiting for people."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.roll_forwards import RollForwardActivities
    from domain.evidence import FailedRelease
    from domain.identity import Duty
    from domain.notice import Event
    from domain.roll_forward import RollForward, RollForwardView, Way
    from domain.roll_forward_messages import Begun, EndedWell
    from domain.roll_forward_page import headline, roll_forward_page
    from domain.roll_forward_row import RollForwardRow, row_of
    from domain.roll_forward_state import RollForwardState
    from workflows import attributes, policies
    from workflows.evidence import collect_evidence
    from workflows.fixing import REFUSED
    from workflows.journal import reason_of
    from workflows.on_call import OnCall
    from workflows.turns import Turns

#: What goes on beside the waiting.
TELLING, EVIDENCE = "telling", "evidence"

#: How long a closed roll-forward tries to tell people so.
LAST_WORDS = timedelta(seconds=30)


class Attendance:
    """One incident and all that is done for it. Events only change its state; :meth:`attend` acts on them."""

    def __init__(self, state: RollForwardState) -> None:
        self.checking = ""
        self._carried = state
        self._incident = state.incident
        self._turns = Turns(held=state.frozen)
        self._on_call = OnCall(state)
        self._unread = list(state.unread)
        self._late: list[FailedRelease] = []
        self._stirred = False
        self._beside: set[asyncio.Task[None]] = set()
        self._shown: RollForwardRow | None = None
        for each in state.late:
            self.failed(each)

    @property
    def is_open(self) -> bool:
        """Whether a release has failed, and none has ended that since."""
        return self._incident is not None and self._incident.closed is None

    @property
    def incident(self) -> RollForward:
        """The incident. :raises ApplicationError: nothing has failed yet."""
        if self._incident is None:
            raise ApplicationError("nothing has failed yet", type=REFUSED, non_retryable=True)
        return self._incident

    def view(self) -> RollForwardView:
        """All of it, as it is now."""
        incident = self.incident
        return RollForwardView(
            roll_forward=incident.id,
            state=incident.state,
            prod_affected=incident.prod_affected,
            incident=incident,
            frozen=self._turns.held,
            checking=self.checking,
            untold=tuple(self._on_call.failed),
        )

    # --- events -----------------------------------------------------------------------------

    def stir(self) -> None:
        """Something has changed."""
        self._stirred = True

    def say(self, by: str, text: str) -> None:
        """Keep a remark."""
        self.incident.say(by, workflow.now(), text)
        self._stirred = True

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

    def begun(self, begun: Begun) -> None:
        """It may be the one that this roll-forward started itself."""
        incident = self._incident
        if incident is None:  # a word to the one before this, which is closed
            return
        way = Way.FIX if begun.request.roll_forward == incident.id else Way.ADOPTED
        if incident.begun(begun, way):
            self._on_call.tell(Event.FIX_STARTED, begun.run)
            self._stirred = True

    def ended_well(self, done: EndedWell) -> None:
        """A later verified one closes the roll-forward."""
        if self._incident is not None:
            self._incident.ended_well(done)
            self._stirred = True

    def fix_started(self, run: str) -> None:
        """A fix that was asked for is on its way."""
        self._on_call.tell(Event.FIX_STARTED, run)
        self._stirred = True

    # --- what follows -----------------------------------------------------------------------

    async def opened(self) -> None:
        """Wait for the failure that opens it; it comes with the start, or as the first signal."""
        while self._incident is None:
            with suppress(asyncio.CancelledError):
                await workflow.wait_condition(lambda: self._incident is not None)

    async def attend(self) -> None:
        """Do what the last events ask for; then wait for the next one, or the time to tell people again."""
        self._stirred = False
        incident = self.incident
        self._turns.hold(incident, headline(self.view()))
        self._begin_work(incident)
        self.show()
        try:
            await workflow.wait_condition(
                lambda: self._stirred or self.is_time_to_go,
                timeout=self._on_call.patience(incident),
                timeout_summary="tell on-call again",
            )
        except TimeoutError:
            self._on_call.remind()

    async def close(self) -> None:
        """Let the turns go on, and tell people – if they can be told: a dead channel must not hold up
        who fails next."""
        incident = self.incident
        await self._turns.let_go(incident)
        self._on_call.tell(Event.CLOSED, incident.closed_by)
        self._begin_work(incident)
        self.show()
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: not self._beside or bool(self._late),
                timeout=LAST_WORDS,
                timeout_summary="leave people untold that it is closed",
            )
        await workflow.wait_condition(workflow.all_handlers_finished)
        for each in [one for one in self._late if one.request.service != self._carried.service]:
            alone = each.request.model_copy(update={"roll_forward": ""})
            await workflow.execute_activity_method(
                RollForwardActivities.open,
                each.model_copy(update={"request": alone}),
                **policies.lasting(Duty.ORCHESTRATE, f"open the roll-forward of {alone.service}"),
            )

    @property
    def next_incident(self) -> RollForwardState | None:
        """What failed while this one was being closed opens the next one."""
        late = tuple(each for each in self._late if each.request.service == self._carried.service)
        if not late:
            return None
        return RollForwardState(service=self._carried.service, remind_every=self._carried.remind_every, late=late)

    @property
    def is_time_to_go(self) -> bool:
        """Nothing is under way that would be lost; whoever goes on tells people what is still untold."""
        looking = [each for each in self._beside if each.get_name() == EVIDENCE]
        busy = looking or self._turns.is_asking or not workflow.all_handlers_finished()
        return workflow.info().is_continue_as_new_suggested() and not busy

    async def settle(self) -> None:
        """Have no channel tried any more: the new run tells what is untold, and nobody is told twice."""
        await self._on_call.cut_off([each for each in self._beside if each.get_name() == TELLING])

    @property
    def carried_over(self) -> RollForwardState:
        """All that a new run needs to know."""
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

    def show(self) -> None:
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
        self.show()

    async def _looked_into(self, incident: RollForward, failed: FailedRelease) -> None:
        try:
            evidence = await collect_evidence(failed)
        except ActivityError as error:
            incident.say("Onward", workflow.now(), f"no evidence about {failed.request.id}: {reason_of(error)}")
        else:
            incident.found(failed.run, evidence.page)
