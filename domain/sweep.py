"""What a sweep finds, and what it has done in the end."""

from __future__ import annotations

from domain.evidence import FailedRelease
from domain.message import Message
from domain.roll_forward import RollForwardView


class Orphans(Message):
    """Releases that did not end well and belong to no roll-forward; roll-forwards that must go on."""

    releases: tuple[FailedRelease, ...] = ()
    interrupted: tuple[RollForwardView, ...] = ()
    troubled: tuple[str, ...] = ()


class Swept(Message):
    """What a sweep did: places that it freed, releases that it sent to a new gate, roll-forwards that
    it opened and opened again; ``troubled`` are workflows whose tasks keep failing, ``faults`` parts
    of it that could not be done."""

    left: int = 0
    introduced: int = 0
    opened: int = 0
    reopened: int = 0
    troubled: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
