"""A failed release until a later one is verified: who has it, what was tried, how it closes.

Pure: each method takes one event; times come with it. Events may come twice or late.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from domain.evidence import FailedRelease
from domain.identity import ServiceId
from domain.message import Message
from domain.release import IN_PROD, Failure, ReleaseRequest, ReleaseStatus
from domain.roll_forward_messages import Begun, EndedWell
from domain.workflow_ids import roll_forward_id

#: Of attempts, remarks and remembered runs the first and so many of the newest are kept.
REMEMBERED = 40


class State(StrEnum):
    """``waiting`` for a person, ``fixing`` while a release of it runs, ``closed`` for good."""

    WAITING = "waiting"
    FIXING = "fixing"
    CLOSED = "closed"


class Way(StrEnum):
    """How a release came to belong to a roll-forward."""

    OPENED = "opened it"
    FIX = "fix"
    RETRY = "retry"
    ADOPTED = "adopted"
    UNDER_WAY = "was under way"


class Attempt(Message):
    """One release that belongs to a roll-forward; the first is the one that opened it."""

    way: Way
    request: ReleaseRequest
    run: str
    started: datetime
    ended: datetime | None = None
    status: ReleaseStatus = ReleaseStatus.RUNNING
    number: int | None = None
    failure: Failure | None = None
    evidence: str = ""

    @property
    def did_not_work(self) -> bool:
        """Whether it ended, and not well."""
        return self.status in (ReleaseStatus.FAILED, ReleaseStatus.REFUSED)


class Said(Message):
    """A remark, or something that happened, in the words of who said it."""

    by: str
    at: datetime
    text: str


class RollForward(BaseModel):
    """One incident of one service. All of its state is data, so that it can be carried over."""

    service: ServiceId
    opened: datetime
    attempts: list[Attempt]
    forgotten: int = 0
    culprits: list[str] = []
    acknowledged_by: str = ""
    acknowledged: datetime | None = None
    said: list[Said] = []
    closed: datetime | None = None
    closed_by: str = ""

    @classmethod
    def opened_by(cls, failed: FailedRelease) -> RollForward:
        """The roll-forward that a failed release opens."""
        first = _attempt_of(failed, Way.OPENED)
        return cls(service=failed.request.service, opened=failed.ended, attempts=[first])

    @property
    def id(self) -> str:
        """The workflow ID."""
        return roll_forward_id(self.service)

    @property
    def state(self) -> State:
        """What it waits for, in one word."""
        if self.closed is not None:
            return State.CLOSED
        return State.FIXING if self.running else State.WAITING

    @property
    def running(self) -> Attempt | None:
        """The newest release of it that has not ended."""
        return next((each for each in reversed(self.attempts) if each.status is ReleaseStatus.RUNNING), None)

    @property
    def first(self) -> Attempt:
        """The release that opened it."""
        return self.attempts[0]

    @property
    def last_failed(self) -> Attempt:
        """The newest of its releases that did not end well."""
        return next((each for each in reversed(self.attempts) if each.did_not_work), self.first)

    @property
    def prod_affected(self) -> bool:
        """Whether any of its releases failed after it had begun to change prod."""
        return any(each.failure is not None and each.failure.stage in IN_PROD for each in self.attempts)

    @property
    def holds_turns(self) -> bool:
        """Whether what is published is not in prod, or broken there: nobody else may follow."""
        published = any(each.did_not_work and each.number is not None for each in self.attempts)
        return published or self.prod_affected

    @property
    def failed_runs(self) -> list[str]:
        """The run IDs of the releases that it knows to have failed, the newest of them."""
        return [each.run for each in self.attempts if each.did_not_work][-REMEMBERED:]

    def is_about(self, role: str) -> bool:
        """Whether a release of this role can end it."""
        return role == self.service.role or role in self.culprits

    def failed_commits(self, role: str) -> list[str]:
        """The commits of a role that did not work here."""
        return [each.request.commit for each in self.attempts if each.did_not_work and each.request.role == role]

    # --- events -----------------------------------------------------------------------------

    def failed(self, failed: FailedRelease) -> bool:
        """A release that belongs here did not end well; ``False`` when that is known already."""
        index = self._index(failed.run)
        if index is None:
            self._add(_attempt_of(failed, Way.UNDER_WAY))
            return True
        known = self.attempts[index]
        if known.did_not_work:
            return False
        ended = _attempt_of(failed, known.way)
        self.attempts[index] = ended.model_copy(update={"started": known.started})
        return True

    def begun(self, begun: Begun, way: Way) -> bool:
        """A release of it runs; ``False`` when that is known already, or it is closed."""
        if self.closed is not None or self._index(begun.run) is not None:
            return False
        self._add(Attempt(way=way, request=begun.request, run=begun.run, started=begun.at))
        return True

    def ended_well(self, done: EndedWell) -> bool:
        """A release is verified or superseded; ``True`` when that closes the roll-forward."""
        index = self._index(done.run)
        if index is not None and not self.attempts[index].did_not_work:
            update = {"ended": done.at, "status": done.status, "number": done.number}
            self.attempts[index] = self.attempts[index].model_copy(update=update)
        if self.closed is not None or not self._is_closed_by(done):
            return False
        self.closed, self.closed_by = done.at, done.release
        return True

    def acknowledge(self, by: str, at: datetime) -> None:
        """The newest to acknowledge has it."""
        if self.acknowledged_by != by:
            self.say(by, at, "has it" if not self.acknowledged_by else f"has it now, from {self.acknowledged_by}")
        self.acknowledged_by, self.acknowledged = by, at

    def name_culprit(self, role: str) -> bool:
        """Another role of the application may end it, too; ``False`` when that is known."""
        if self.is_about(role):
            return False
        self.culprits.append(role)
        return True

    def say(self, by: str, at: datetime, text: str) -> None:
        """Keep a remark."""
        self.said = [*self.said, Said(by=by, at=at, text=text)][-REMEMBERED:]

    def found(self, run: str, evidence: str) -> None:
        """The evidence about a failed release is kept there."""
        index = self._index(run)
        if index is not None:
            self.attempts[index] = self.attempts[index].model_copy(update={"evidence": evidence})

    # --- how ----------------------------------------------------------------------------------

    def _is_closed_by(self, done: EndedWell) -> bool:
        """Verified in every environment, of a role that it is about, and *later* than what failed:
        its number is greater – or, when nothing that failed got as far as a number, it was begun
        after the failure, which is to say it belongs here."""
        if done.status is not ReleaseStatus.VERIFIED or done.number is None or not self.is_about(done.service.role):
            return False
        numbers = [each.number for each in self.attempts if each.did_not_work and each.number is not None]
        return done.number > max(numbers) if numbers else self._index(done.run) is not None

    def _index(self, run: str) -> int | None:
        return next((index for index, each in enumerate(self.attempts) if each.run == run), None)

    def _add(self, attempt: Attempt) -> None:
        self.attempts.append(attempt)
        if len(self.attempts) > REMEMBERED:
            oldest = next(i for i, each in enumerate(self.attempts[1:], 1) if each.status is not ReleaseStatus.RUNNING)
            del self.attempts[oldest]
            self.forgotten += 1


def _attempt_of(failed: FailedRelease, way: Way) -> Attempt:
    result = failed.result
    began = result.stages[0].started if result.stages else failed.ended
    return Attempt(
        way=way,
        request=failed.request,
        run=failed.run,
        started=began,
        ended=failed.ended,
        status=result.status,
        number=result.number,
        failure=result.failure,
    )


class RollForwardView(Message):
    """A roll-forward as people and programs see it."""

    roll_forward: str
    state: State
    prod_affected: bool
    incident: RollForward
    frozen: bool = False
    checking: str = ""
    untold: tuple[str, ...] = ()
