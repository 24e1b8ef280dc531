"""The turns to deploy that a gate gives: who deploys together, who waits, and who is held.

A turn is a batch, and moves as one: all of it is deployed to ci and verified there, and only when
every member is, they go on to prod. Were they to go one by one, what is in prod after one of them
has failed in ci would be a combination that nobody has tested.
"""

from __future__ import annotations

from bisect import insort

from pydantic import BaseModel, Field

from domain.environment import Environment
from domain.gate_decisions import Decision, SupersededBy, Turn

#: So many releases that have left are still known, so that a doubled event of one changes nothing.
REMEMBERED = 500


class Deployable(BaseModel):
    """A published release that waits for its turn, or has it; ``verified`` in ci."""

    key: str
    role: str
    number: int
    express: bool
    verified: bool = False


class GateTurns(BaseModel):
    """Who waits for a turn, and who has it.

    ``in_prod``: the turn has come to prod. ``newest``: of each role the one with the greatest number
    that had a turn. ``frozen`` is who holds the turns, and why.
    """

    waiting: list[Deployable] = Field(default_factory=list)
    deploying: list[Deployable] = Field(default_factory=list)
    in_prod: bool = False
    newest: dict[str, Deployable] = Field(default_factory=dict)
    frozen: dict[str, str] = Field(default_factory=dict)
    left: list[str] = Field(default_factory=list)
    hastened: list[str] = Field(default_factory=list)

    # --- events -----------------------------------------------------------------------------

    def resume(
        self, key: str, role: str, number: int, *, express: bool = False, verified: bool = False
    ) -> list[Decision]:
        """A published release waits for its turn at a gate that does not know it: the gate is new.

        Such releases come in any order. One that is older than what had a turn is superseded.
        """
        if key in self.left or self._is_published(key):
            return []
        newer = self.newest.get(role)
        if newer is not None and number < newer.number:
            self._forget(key)
            return [SupersededBy(key=key, by=newer.key)]
        express = express or key in self.hastened
        self._wait([Deployable(key=key, role=role, number=number, express=express, verified=verified)])
        return self._turns()

    def verified(self, key: str) -> list[Decision]:
        """A release is verified in ci; it goes on to prod with the others of its turn."""
        for each in (*self.waiting, *self.deploying):
            each.verified = each.verified or each.key == key
        return self._turns()

    def deployed(self, key: str) -> list[Decision]:
        """A turn has ended well: the release is verified in prod."""
        self._dismiss(key)
        return self._turns()

    def freeze(self, holder: str, reason: str) -> list[Decision]:
        """No turn is given any more but to express ones; tests and publications go on."""
        self.frozen[holder] = reason
        return []

    def unfreeze(self, holder: str) -> list[Decision]:
        """Turns are given again once nobody holds them any more."""
        self.frozen.pop(holder, None)
        return self._turns()

    # --- what follows -----------------------------------------------------------------------

    def _turns(self) -> list[Decision]:
        """The turn goes on to prod, or has ended and the next one begins – perhaps in prod at once."""
        had_it = bool(self.deploying)
        self.in_prod = self.in_prod and had_it
        decisions = [*self._admitted(), *self._on_to_prod()]
        ended = had_it and not self.deploying
        return [*decisions, *self._admitted(), *self._on_to_prod()] if ended else decisions

    def _admitted(self) -> list[Decision]:
        """Once nobody deploys: all that were published meanwhile; of two of a role the newer.

        While the turn is in ci: who was published before others of it, and may deploy only now. Who
        is verified in ci already only waits for the others.
        """
        if self.in_prod:
            return []
        last = max((each.number for each in self.deploying), default=None)
        may = [each for each in self.waiting if each.express] if self.frozen else self.waiting
        ready = [each for each in may if last is None or each.number < last]
        if not ready:
            return []
        newest = {each.role: each for each in ready}  # in the order of publication
        overtaken = [each for each in self.waiting if each.role in newest and each.number < newest[each.role].number]
        gone = {each.key for each in (*newest.values(), *overtaken)}
        self.waiting = [each for each in self.waiting if each.key not in gone]
        self.deploying += newest.values()
        self.newest |= newest
        for each in overtaken:
            self._forget(each.key)
        return [
            *(SupersededBy(key=each.key, by=newest[each.role].key) for each in overtaken),
            *(Turn(key=each.key) for each in newest.values() if not each.verified),
        ]

    def _on_to_prod(self) -> list[Decision]:
        """Once all of the turn are verified in ci. Who is held by a freeze waits for another turn."""
        if self.in_prod or not all(each.verified for each in self.deploying):
            return []
        self._wait([each for each in self.deploying if not self._may(each)])
        self.deploying = [each for each in self.deploying if self._may(each)]
        self.in_prod = bool(self.deploying)
        return [Turn(key=each.key, environment=Environment.PROD) for each in self.deploying]

    def _wait(self, those: list[Deployable]) -> None:
        for each in those:
            insort(self.waiting, each, key=lambda there: there.number)

    def _may(self, release: Deployable) -> bool:
        return release.express or not self.frozen

    def _is_published(self, key: str) -> bool:
        return any(each.key == key for each in (*self.waiting, *self.deploying))

    def _dismiss(self, key: str) -> None:
        self._forget(key)
        self.waiting = [each for each in self.waiting if each.key != key]
        self.deploying = [each for each in self.deploying if each.key != key]

    def _forget(self, key: str) -> None:
        """It has left; what it still sends is late."""
        if key not in self.left:
            self.left = [*self.left, key][-REMEMBERED:]
