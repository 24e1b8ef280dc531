"""Holding an application's turns to deploy while prod is affected, and letting them go."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.gate import GateActivities
    from domain.gate_messages import Freeze, Unfreeze
    from domain.identity import Duty
    from domain.roll_forward import RollForward
    from workflows import policies
    from workflows.concurrently import to_its_end


class Turns:
    """Whether the gate holds them in this roll-forward's name."""

    def __init__(self, *, held: bool) -> None:
        self.held = held

    async def hold(self, incident: RollForward, reason: str) -> None:
        """While prod is affected, only fixes are deployed."""
        if not incident.prod_affected or self.held:
            return
        self.held = True
        freeze = Freeze(application=incident.service.application, holder=incident.id, reason=reason)
        await to_its_end(
            workflow.execute_activity_method(
                GateActivities.freeze, freeze, **policies.lasting(Duty.ORCHESTRATE, "hold all turns but those of fixes")
            )
        )

    async def let_go(self, incident: RollForward) -> None:
        """Those who waited go on in their order."""
        if not self.held:
            return
        self.held = False
        unfreeze = Unfreeze(application=incident.service.application, holder=incident.id)
        await to_its_end(
            workflow.execute_activity_method(
                GateActivities.unfreeze, unfreeze, **policies.lasting(Duty.ORCHESTRATE, "let the turns go on")
            )
        )
