"""The sweep: what died without a word leaves nothing behind and keeps nobody waiting."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.gate import GateActivities, Swept
    from activities.slices import SliceActivities
    from domain.identity import Duty
    from workflows import policies


@workflow.defn(name="Sweep")
class SweepWorkflow:
    """Run by a schedule every 20 s; a run that takes longer delays the next one."""

    @workflow.run
    async def run(self) -> Swept:
        """Free the gates of releases that are over, and remove slices whose regression is."""
        swept = await workflow.execute_activity_method(
            GateActivities.sweep_gates, **policies.lasting(Duty.ORCHESTRATE, "compare gates and releases")
        )
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
        return swept
