"""The sweep: what died without a word is found, leaves nothing behind and keeps nobody waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.gate import GateActivities
    from activities.orphans import OrphanActivities
    from activities.roll_forwards import RollForwardActivities
    from activities.slices import SliceActivities
    from domain.evidence import FailedRelease
    from domain.identity import Duty
    from domain.roll_forward import RollForwardView
    from domain.slices import SliceOwner
    from domain.sweep import Swept
    from workflows import policies
    from workflows.journal import reason_of

Answer = TypeVar("Answer")


@workflow.defn(name="Sweep")
class SweepWorkflow:
    """Run by a schedule every 20 s; a run that takes longer delays the next one."""

    def __init__(self) -> None:
        self._faults: list[str] = []

    @workflow.run
    async def run(self) -> Swept:
        """Give every failed release its roll-forward, free the gates, remove slices that nobody needs.

        Each by itself: what cannot be done now is said, and keeps nothing else from being done.
        """
        opened = await self._or_fault(self._roll_forwards(), {})
        swept = await self._or_fault(self._gates(), Swept())
        await self._or_fault(self._slices(), None)
        return swept.model_copy(update={**opened, "faults": tuple(self._faults)})

    async def _roll_forwards(self) -> dict[str, object]:
        found = await workflow.execute_activity_method(
            OrphanActivities.orphans,
            **policies.looked_through(Duty.ORCHESTRATE, "look for releases without a roll-forward"),
        )
        opened = [await self._or_fault(self._open(failed), False) for failed in found.releases]
        reopened = [await self._or_fault(self._reopen(view), False) for view in found.interrupted]
        return {"opened": sum(opened), "reopened": sum(reopened), "troubled": found.troubled}

    async def _open(self, failed: FailedRelease) -> bool:
        about = policies.swept(Duty.ORCHESTRATE, f"open the roll-forward of {failed.request.service}")
        await workflow.execute_activity_method(RollForwardActivities.open, failed, **about)
        return True

    async def _reopen(self, view: RollForwardView) -> bool:
        about = policies.swept(Duty.ORCHESTRATE, f"go on with {view.roll_forward}")
        await workflow.execute_activity_method(RollForwardActivities.reopen, view, **about)
        return True

    async def _gates(self) -> Swept:
        return await workflow.execute_activity_method(
            GateActivities.sweep_gates, **policies.looked_through(Duty.ORCHESTRATE, "compare gates and releases")
        )

    async def _slices(self) -> None:
        found = await workflow.execute_activity_method(
            SliceActivities.leftovers, **policies.looked_through(Duty.CI, "look for slices")
        )
        if found.slices:
            found = await workflow.execute_activity_method(
                GateActivities.abandoned,
                found,
                **policies.looked_through(Duty.ORCHESTRATE, "ask whose regression is over"),
            )
        await asyncio.gather(*(self._or_fault(self._take_down(each.owner), None) for each in found.slices))

    async def _take_down(self, owner: SliceOwner) -> None:
        about = policies.looked_through(Duty.CI, f"take {owner.name} down")
        await workflow.execute_activity_method(SliceActivities.take_down, owner, **about)

    async def _or_fault(self, work: Coroutine[Any, Any, Answer], otherwise: Answer) -> Answer:
        try:
            return await work
        except ActivityError as error:
            self._faults.append(f"{error.activity_type}: {reason_of(error)}")
            return otherwise
