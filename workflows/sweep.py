"""The sweep: what died without a word is found, leaves nothing behind and keeps nobody waiting."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.gate import GateActivities
    from activities.orphans import OrphanActivities
    from activities.roll_forwards import RollForwardActivities
    from activities.slices import SliceActivities
    from domain.identity import Duty
    from domain.sweep import Swept
    from workflows import policies
    from workflows.journal import reason_of

Answer = TypeVar("Answer")


@workflow.defn(name="Sweep")
class SweepWorkflow:
    """Run by a schedule every 20 s; a run that takes longer delays the next one."""

    @workflow.run
    async def run(self) -> Swept:
        """Give every failed release its roll-forward, free the gates, remove slices that nobody needs.

        Each by itself: what cannot be done now is said, and keeps nothing else from being done.
        """
        faults: list[str] = []
        opened = await _or_fault(self._roll_forwards(), {}, faults)
        swept = await _or_fault(self._gates(), Swept(), faults)
        await _or_fault(self._slices(), None, faults)
        return swept.model_copy(update={**opened, "faults": tuple(faults)})

    async def _roll_forwards(self) -> dict[str, object]:
        found = await workflow.execute_activity_method(
            OrphanActivities.orphans,
            **policies.looked_through(Duty.ORCHESTRATE, "look for releases without a roll-forward"),
        )
        for failed in found.releases:
            await workflow.execute_activity_method(
                RollForwardActivities.open,
                failed,
                **policies.swept(Duty.ORCHESTRATE, f"open the roll-forward of {failed.request.service}"),
            )
        for view in found.interrupted:
            await workflow.execute_activity_method(
                RollForwardActivities.reopen,
                view,
                **policies.swept(Duty.ORCHESTRATE, f"go on with {view.roll_forward}"),
            )
        return {"opened": len(found.releases), "reopened": len(found.interrupted), "troubled": found.troubled}

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
        for each in found.slices:
            name = each.owner.name
            await workflow.execute_activity_method(
                SliceActivities.take_down, each.owner, **policies.long(Duty.CI, f"take {name} down", policies.PATIENCE)
            )


async def _or_fault(work: Coroutine[Any, Any, Answer], otherwise: Answer, faults: list[str]) -> Answer:
    try:
        return await work
    except ActivityError as error:
        faults.append(f"{error.activity_type}: {reason_of(error)}")
        return otherwise
