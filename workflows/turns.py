"""Holding an application's turns to deploy while something published is not in prod, and letting them go."""

from __future__ import annotations

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.gate import GateActivities
    from domain.gate_messages import Freeze, Unfreeze
    from domain.identity import Duty
    from domain.roll_forward import RollForward
    from workflows import policies
    from workflows.concurrently import to_its_end
    from workflows.journal import reason_of


class Turns:
    """Whether the gate holds them in this roll-forward's name."""

    def __init__(self, *, held: bool) -> None:
        self.held = held
        self._asking: asyncio.Task[None] | None = None

    @property
    def is_asking(self) -> bool:
        """Whether the gate has not answered yet."""
        return self._asking is not None and not self._asking.done()

    def hold(self, incident: RollForward, reason: str) -> None:
        """Then only fixes are deployed. A gate that does not answer holds up nobody."""
        if not incident.holds_turns or self.held:
            return
        self.held = True
        freeze = Freeze(application=incident.service.application, holder=incident.id, reason=reason)
        self._asking = asyncio.create_task(self._hold(freeze))

    async def _hold(self, freeze: Freeze) -> None:
        try:
            await workflow.execute_activity_method(
                GateActivities.freeze, freeze, **policies.lasting(Duty.ORCHESTRATE, "hold all turns but those of fixes")
            )
        except ActivityError as error:
            workflow.logger.error("the gate of %s cannot be frozen: %s", freeze.application, reason_of(error))
            self.held = False

    async def let_go(self, incident: RollForward) -> None:
        """Those who waited go on in their order.

        Always said: a release that died while it was published, its number unknown, froze them itself.
        """
        if self._asking is not None:
            await to_its_end(self._asking)
        self.held = False
        unfreeze = Unfreeze(application=incident.service.application, holder=incident.id)
        await to_its_end(
            workflow.execute_activity_method(
                GateActivities.unfreeze, unfreeze, **policies.lasting(Duty.ORCHESTRATE, "let the turns go on")
            )
        )
