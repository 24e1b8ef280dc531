"""Which runs of a job are going and which wait: never more at once than the job may have.

Events in, decisions out, as the gate of an application; ``workflows/batch_queue.py`` is its shell. An event that comes
twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from domain.batch import RunKey
from domain.batch_rules import Overlap
from domain.environment import Environment
from domain.identity import ServiceId
from domain.message import Message
from domain.workflow_ids import batch_id

BATCH_QUEUE = "BatchQueue"


class AskForPlace(Message):
    """A run wants to begin. ``number`` and ``limit`` are of the release that is deployed now."""

    environment: Environment
    service: ServiceId
    key: RunKey
    number: int
    limit: int
    overlap: Overlap


class NewLimit(Message):
    """How many may be going from now on, as release ``number`` says."""

    number: int
    limit: int


class LeavePlace(Message):
    """A run that is over, and of which nothing is left."""

    key: RunKey


class Place(Message):
    """The answer: whether the run may begin; if not, why."""

    free: bool
    reason: str = ""


class Answer(Message):
    """A :class:`Place` and whom it is for."""

    key: RunKey
    place: Place


class BatchQueue(Message):
    """The runs of one job in one environment. Of two limits that of the newer release counts."""

    environment: Environment
    service: ServiceId
    number: int = 0
    limit: int = 1
    going: tuple[RunKey, ...] = ()
    waiting: tuple[AskForPlace, ...] = ()
    #: whether it is known what was going before this queue was there
    informed: bool = False

    @property
    def id(self) -> str:
        """The workflow ID."""
        return batch_id(self.environment, self.service)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is going and nobody waits."""
        return not self.going and not self.waiting

    @property
    def known(self) -> list[RunKey]:
        """All runs that it knows."""
        return [*self.going, *(each.key for each in self.waiting)]

    def asked(self, ask: AskForPlace) -> tuple[BatchQueue, list[Answer]]:
        """One more run. It begins, waits for its turn, or is turned away as its policy says."""
        queue = self._with_limit(ask.number, ask.limit)
        if ask.key in queue.going:
            return queue, [Answer(key=ask.key, place=Place(free=True))]
        if ask.key in queue.known:
            return queue._served()
        queue, answers = queue.model_copy(update={"waiting": (*queue.waiting, ask)})._served()
        if ask.key in queue.going or not queue._turns_away(ask):
            return queue, answers
        return queue._without(ask.key), [*answers, Answer(key=ask.key, place=Place(free=False, reason=queue._reason))]

    def limited(self, new: NewLimit) -> tuple[BatchQueue, list[Answer]]:
        """A release of the job has arrived: its limit holds for those who wait, too."""
        return self._with_limit(new.number, new.limit)._served()

    def left(self, keys: Iterable[RunKey]) -> tuple[BatchQueue, list[Answer]]:
        """Some are over; whoever is next may begin."""
        queue = self
        for key in keys:
            queue = queue._without(key)
        return queue._served()

    def informed_of(self, going: Iterable[RunKey]) -> tuple[BatchQueue, list[Answer]]:
        """What is going already; asked once, when the queue begins."""
        known = tuple(dict.fromkeys([*self.going, *going]))
        return self.model_copy(update={"going": known, "informed": True}).left(())

    def _with_limit(self, number: int, limit: int) -> BatchQueue:
        return self.model_copy(update={"number": number, "limit": limit}) if number >= self.number else self

    def _turns_away(self, ask: AskForPlace) -> bool:
        others = [each for each in self.waiting if each.key != ask.key and each.overlap is Overlap.BUFFER_ONE]
        return ask.overlap is Overlap.SKIP or (ask.overlap is Overlap.BUFFER_ONE and bool(others))

    def _served(self) -> tuple[BatchQueue, list[Answer]]:
        free = max(self.limit - len(self.going), 0)
        begin = [ask.key for ask in self.waiting[:free]]
        queue = self.model_copy(update={"going": (*self.going, *begin), "waiting": self.waiting[free:]})
        return queue, [Answer(key=key, place=Place(free=True)) for key in begin]

    def _without(self, key: RunKey) -> BatchQueue:
        going = tuple(each for each in self.going if each != key)
        return self.model_copy(
            update={"going": going, "waiting": tuple(each for each in self.waiting if each.key != key)}
        )

    @property
    def _reason(self) -> str:
        going = f"{len(self.going)} of {self.limit} {'run is' if self.limit == 1 else 'runs are'} going"
        return f"{going}: {', '.join(key.workflow for key in self.going[:3])}"
