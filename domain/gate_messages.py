"""What releases say to the gate of their application, and what the gate carries over."""

from __future__ import annotations

from domain.artifact import Digest
from domain.gate import Gate
from domain.gate_decisions import Decision
from domain.message import Message

#: The workflow type of a gate.
GATE = "Application"


class Join(Message):
    """A candidate asks to be published."""

    application: str
    key: str
    role: str
    manifest: Digest
    express: bool = False


class Resume(Message):
    """A published release asks a gate that may not know it for its turn."""

    application: str
    key: str
    role: str
    number: int
    express: bool = False


class GivenVerdict(Message):
    """How a test ended; ``verdict`` is the digest of the attestation."""

    key: str
    test: int
    passed: bool
    verdict: Digest


class Leave(Message):
    """A release has ended, or its turn has."""

    key: str


class GateState(Message):
    """A gate as it is carried over; without ``gate`` it is new and reads what is published."""

    application: str
    gate: Gate | None = None
    decisions: tuple[Decision, ...] = ()
