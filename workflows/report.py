"""Somebody outside of Onward saw that a release which was verified does not work any more."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.roll_forwards import RollForwardActivities
    from domain.evidence import FailedRelease
    from domain.identity import Duty
    from domain.roll_forward_messages import Opened
    from workflows import policies


@workflow.defn(name="Report")
class ReportWorkflow:
    """Opens the roll-forward where the settings of on-call are known; its ID makes a report count once."""

    @workflow.run
    async def run(self, failed: FailedRelease) -> Opened:
        """The roll-forward that the release belongs to now."""
        roll_forward = await workflow.execute_activity_method(
            RollForwardActivities.open,
            failed,
            **policies.lasting(Duty.ORCHESTRATE, f"open the roll-forward of {failed.request.service}"),
        )
        return Opened(roll_forward=roll_forward)
