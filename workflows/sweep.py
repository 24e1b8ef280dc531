"""The sweep: what died without a word is found, leaves nothing behind and keeps nobody waiting."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.gate import GateActivities, Swept
    from activities.orphans import OrphanActivities
    from activities.roll_forwards import RollForwardActivities
    from activities.slices import SliceActivities
    from domain.identity import Duty
    from workflows import policies


@workflow.defn(name="Sweep")
class SweepWorkflow:
    """Run by a schedule every 20 s; a run that takes longer delays the next one."""

    @workflow.run
    async def run(self) -> Swept:
        """Give every failed release its roll-forward, free the gates, remove slices that nobody needs."""
        opened = await self._roll_forwards()
        swept = await workflow.execute_activity_method(
            GateActivities.sweep_gates, **policies.lasting(Duty.ORCHESTRATE, "compare gates and releases")
        )
        await self._slices()
        return swept.model_copy(update=opened)

    async def _roll_forwards(self) -> dict[str, object]:
        found = await workflow.execute_activity_method(
            OrphanActivities.orphans, **policies.lasting(Duty.ORCHESTRATE, "look for releases without a roll-forward")
        )
        for failed in found.releases:
            await workflow.execute_activity_method(
                RollForwardActivities.open,
                failed,
                **policies.lasting(Duty.ORCHESTRATE, f"open the roll-forward of {failed.request.service}"),
            )
        for view in found.interrupted:
            await workflow.execute_activity_method(
                RollForwardActivities.reopen,
                view,
                **policies.lasting(Duty.ORCHESTRATE, f"go on with {view.roll_forward}"),
            )
        return {"opened": len(found.releases), "reopened": len(found.interrupted), "troubled": found.troubled}

    async def _slices(self) -> None:
        found = await workflow.execute_activity_method(
            SliceActivities.leftovers, **policies.lasting(Duty.CI, "look for slices")
        )
        if found.slices:
            found = await workflow.execute_activity_method(
                GateActivities.abandoned, found, **policies.lasting(Duty.ORCHESTRATE, "ask whose regression is over")
            )
        for each in found.slices:
            name = each.owner.name
            await workflow.execute_activity_method(
                SliceActivities.take_down, each.owner, **policies.long(Duty.CI, f"take {name} down", policies.PATIENCE)
            )
