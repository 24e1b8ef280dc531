"""What releases say to the gate of their application, and what the gate carries over."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from domain.artifact import Digest
from domain.gate import Gate
from domain.gate_decisions import Decision
from domain.message import Message

#: The workflow type of a gate.
GATE = "Application"

#: A ``candidate_key``. The server refuses a whole workflow task over a run ID that is none, again and
#: again, so a message with such a key must not get as far as the gate: the SDK drops it.
CandidateKey = Annotated[str, StringConstraints(pattern=r"^release:[^@\s]+@[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


class Join(Message):
    """A candidate asks to be published."""

    application: str
    key: CandidateKey
    role: str
    manifest: Digest
    express: bool = False


class Resume(Message):
    """A published release asks a gate that may not know it for its turn."""

    application: str
    key: CandidateKey
    role: str
    number: int
    express: bool = False


class GivenVerdict(Message):
    """How a test ended; ``verdict`` is the digest of the attestation."""

    key: CandidateKey
    test: int
    passed: bool
    verdict: Digest


class Leave(Message):
    """A release has ended, or its turn has."""

    key: CandidateKey


class GateState(Message):
    """A gate as it is carried over; without ``gate`` it is new and reads what is published."""

    application: str
    gate: Gate | None = None
    decisions: tuple[Decision, ...] = ()
