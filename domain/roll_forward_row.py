"""One line about a roll-forward, as lists have it. It is kept in the workflow's memo."""

from __future__ import annotations

from datetime import datetime

from domain.message import Message
from domain.release import Stage
from domain.roll_forward import RollForwardView, State


class RollForwardRow(Message):
    """``release`` and ``stage`` are those of the failure that opened it; ``attempts`` counts what came after."""

    roll_forward: str
    release: str
    application: str
    role: str
    stage: Stage | None
    prod_affected: bool
    opened: datetime
    closed: datetime | None = None
    acknowledged_by: str | None
    attempts: int
    state: State


def row_of(view: RollForwardView) -> RollForwardRow:
    """The line of a roll-forward as it is now."""
    incident = view.incident
    return RollForwardRow(
        roll_forward=view.roll_forward,
        release=incident.first.request.id,
        application=incident.service.application,
        role=incident.service.role,
        stage=incident.first.failure.stage if incident.first.failure else None,
        prod_affected=view.prod_affected,
        opened=incident.opened,
        closed=incident.closed,
        acknowledged_by=incident.acknowledged_by or None,
        attempts=incident.forgotten + len(incident.attempts) - 1,
        state=view.state,
    )
