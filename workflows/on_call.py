"""Telling people what happens to a roll-forward – again and again, until somebody has it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from activities.tell import TellActivities
    from domain.identity import Duty
    from domain.incident_notice import notice_of
    from domain.notice import Event
    from domain.roll_forward import RollForward
    from domain.roll_forward_state import RollForwardState, Telling
    from workflows import policies
    from workflows.concurrently import stopped
    from workflows.journal import reason_of

#: So many notices that some channel did not take are shown.
SHOWN = 5


class OnCall:
    """What people are still to be told, and what they could not be."""

    def __init__(self, state: RollForwardState) -> None:
        self._untold = list(state.untold)
        self._telling: list[Telling] = []
        self.reminders = state.reminders
        self.told_at = state.told_at or workflow.now()
        self.failed: list[str] = []
        self._is_cut_off = False
        self._every: timedelta = state.remind_every

    def tell(self, event: Event, key: str, *, escalated: bool = False) -> None:
        """Have people told; ``key`` tells the event from others of its kind."""
        self._untold.append(Telling(event=event, key=key, escalated=escalated))

    def patience(self, incident: RollForward) -> float | None:
        """Seconds until people are told again; ``None`` once somebody has it."""
        left = (self.told_at + self._every - workflow.now()).total_seconds()
        return None if incident.acknowledged_by else max(left, 0)

    def remind(self) -> None:
        """Tell that nobody has it yet; from the second time on to the second list as well."""
        self.reminders += 1
        self.told_at = workflow.now()
        self.tell(Event.UNACKNOWLEDGED, str(self.reminders), escalated=self.reminders > 1)

    @property
    def untold(self) -> tuple[Telling, ...]:
        """What nobody tells at the moment."""
        return tuple(self._untold)

    def take(self) -> list[Telling]:
        """All that is new; the caller tells it."""
        untold, self._untold = self._untold, []
        self._telling += untold
        return untold

    async def cut_off(self, telling: Sequence[asyncio.Task[None]]) -> None:
        """Have no channel tried any more; what not all have taken is untold again."""
        self._is_cut_off = True
        await stopped(*telling)
        self._is_cut_off = False
        self._untold, self._telling = [*self._telling, *self._untold], []

    async def told(self, incident: RollForward, telling: Telling) -> None:
        """One event to all channels; one that is down is given up in the end, and that is shown."""
        notice = notice_of(incident, telling.event, telling.key, escalated=telling.escalated)
        try:
            told = await workflow.execute_activity_method(
                TellActivities.tell, notice, **policies.told(Duty.CI, f"tell on-call: {telling.event}")
            )
            self.failed += told.failed
        except (ActivityError, asyncio.CancelledError) as error:
            if self._is_cut_off or is_cancelled_exception(error):
                return  # it stays among what is to be put back
            self.failed.append(f"{telling.event}: {reason_of(error)}")
        del self.failed[:-SHOWN]
        self._telling.remove(telling)
