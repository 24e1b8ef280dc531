"""What releases say to the gate of their application, and what the gate carries over."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from domain.artifact import Digest
from domain.gate import BY_HAND, Gate
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
    """A published release asks a gate that may not know it for its turn; it may be verified in ci already."""

    application: str
    key: CandidateKey
    role: str
    number: int
    express: bool = False
    verified: bool = False


class GivenVerdict(Message):
    """How a test ended; ``verdict`` is the digest of the attestation."""

    key: CandidateKey
    test: int
    passed: bool
    verdict: Digest


class Leave(Message):
    """A release has ended, or its turn has.

    If it was published and has a ``holder``, the turns are frozen in the name of that.
    """

    key: CandidateKey
    number: int = 0
    holder: str = ""
    reason: str = ""


class Verified(Message):
    """A release is verified in ci, and waits for the others of its turn."""

    key: CandidateKey


class Hasten(Message):
    """A release that is under way has become a fix."""

    key: CandidateKey


class Freeze(Message):
    """No turns but for fixes, in the name of a roll-forward or of a person."""

    application: str
    holder: str = BY_HAND
    reason: str = Field(min_length=1, max_length=500)


class Unfreeze(Message):
    """A holder lets go; ``by`` is who says so."""

    application: str
    holder: str = BY_HAND
    by: str = ""


class Frozen(Message):
    """Who holds the turns of an application, and why; empty when they are given."""

    frozen: dict[str, str] = Field(default_factory=dict)


class GateState(Message):
    """A gate as it is carried over; without ``gate`` it is new and reads what is published."""

    application: str
    gate: Gate | None = None
    decisions: tuple[Decision, ...] = ()
