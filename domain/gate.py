"""The gate of an application: who is tested on what, who is published, and whose turn it is to deploy.

A pure state machine: each method takes one event and gives the decisions that follow from it.
Events may come late, twice, or from a release that is long gone; each names the candidate, and a
verdict the test that it is about, so that such an event changes nothing.

Up to ``window`` candidates are tested at once, each on the basis *published set + the candidates
ahead of it*. While those ahead pass, a verdict counts as it is. When one fails, those behind it
start again without it – and only they. Nobody is rejected for another's fault: a failed test
rejects a candidate only when its basis is the published set itself.
"""

from __future__ import annotations

from pydantic import BaseModel

from domain.artifact import Digest
from domain.gate_decisions import Decision, Publish, Published, Rejected, Snapshot, SupersededBy, Test, Turn

SMALLEST_WINDOW = 3
LARGEST_WINDOW = 20

#: Who holds the turns when a person does.
BY_HAND = "by hand"

#: So many candidates that have left are still known, so that a doubled event of one changes nothing.
REMEMBERED = 500


class Candidate(BaseModel):
    """A built manifest in the queue. ``passed`` is ``None`` while its test runs, or before it.

    ``verdict`` is the digest of the attestation that says whether it passed.
    """

    key: str
    role: str
    manifest: Digest
    express: bool = False
    test: int = 0
    basis: Snapshot | None = None
    passed: bool | None = None
    verdict: Digest | None = None

    def on(self, basis: Snapshot) -> Snapshot:
        """A combination with this candidate in it."""
        return {**basis, self.role: self.manifest}


class Deployable(BaseModel):
    """A published release that waits for its turn, or has it."""

    key: str
    role: str
    number: int
    express: bool


class Gate(BaseModel):
    """One application's gate. All of its state is data, so that it can be carried over.

    ``window`` moves between ``smallest`` and ``largest``; with both at 1 nobody is tested ahead of time.
    ``frozen`` is who holds the turns, and why: roll-forwards by their IDs, people by :data:`BY_HAND`.
    """

    published: Snapshot = {}
    queue: list[Candidate] = []
    window: int = SMALLEST_WINDOW
    smallest: int = SMALLEST_WINDOW
    largest: int = LARGEST_WINDOW
    tests: int = 0
    publishing: Candidate | None = None
    waiting: list[Deployable] = []
    deploying: list[Deployable] = []
    frozen: dict[str, str] = {}
    left: list[str] = []
    hastened: list[str] = []

    # --- events -----------------------------------------------------------------------------

    def join(self, key: str, role: str, manifest: Digest, *, express: bool = False) -> list[Decision]:
        """A candidate asks to be published. An express one goes ahead of all that are not."""
        if key in self.left or self._find(key) or any(each.key == key for each in (*self.waiting, *self.deploying)):
            return []
        express = express or key in self.hastened
        self._enqueue(Candidate(key=key, role=role, manifest=manifest, express=express))
        return self._advance()

    def hasten(self, key: str) -> list[Decision]:
        """A release that is under way has become a fix: from here on it takes the express lane.

        One that is just being published, or has not joined yet, takes it from its next step on.
        """
        if key not in (*self.left, *self.hastened):
            self.hastened = [*self.hastened, key][-REMEMBERED:]
        candidate = self._find(key)
        if candidate is not None and not candidate.express and candidate != self.publishing:
            self.queue.remove(candidate)
            candidate.express = True
            self._enqueue(candidate)
        for each in self.waiting:
            each.express = each.express or each.key == key
        return [*self._next_turn(), *self._advance()]

    def verdict(self, key: str, test: int, *, passed: bool, verdict: Digest) -> list[Decision]:
        """How a test ended; one that was given up meanwhile counts for nothing."""
        candidate = self._find(key)
        if candidate is None or candidate.test != test or candidate.passed is not None:
            return []
        candidate.passed, candidate.verdict = passed, verdict
        if not passed:
            self.window = max(self.smallest, self.window // 2)
        return self._advance()

    def wrote(self, key: str, number: int) -> list[Decision]:
        """The set was written with the candidate in it – also if it has left meanwhile."""
        written = self.publishing
        if written is None or written.key != key:
            return []
        self.published, self.publishing = written.on(written.basis or {}), None
        candidate = self._find(key)
        if candidate is None:
            return self._advance()
        self.window = min(self.largest, self.window + 1)
        self.queue.remove(candidate)
        express = candidate.express or key in self.hastened
        self.waiting.append(Deployable(key=key, role=candidate.role, number=number, express=express))
        published = Published(key=key, number=number, verdict=written.verdict)
        return [published, *self._next_turn(), *self._advance()]

    def contested(self, published: Snapshot) -> list[Decision]:
        """The set that is there is not the one that was known: everybody is tested on that one."""
        self.published, self.publishing = dict(published), None
        return self._advance()

    def refused(self, key: str, reason: str) -> list[Decision]:
        """What the candidate has to show does not hold: it is not published, and leaves."""
        if self.publishing is None or self.publishing.key != key:
            return []
        self.publishing = None
        known = self._find(key) is not None
        self.queue = [each for each in self.queue if each.key != key]
        self._forget(key)
        return [*([Rejected(key=key, reason=reason)] if known else []), *self._advance()]

    def resume(self, key: str, role: str, number: int, *, express: bool = False) -> list[Decision]:
        """A published release waits for its turn at a gate that does not know it: the gate is new."""
        if key in self.left or any(each.key == key for each in (*self.waiting, *self.deploying)):
            return []
        express = express or key in self.hastened
        self.waiting.append(Deployable(key=key, role=role, number=number, express=express))
        self.waiting.sort(key=lambda each: each.number)
        return self._next_turn()

    def deployed(self, key: str) -> list[Decision]:
        """A turn has ended, well or not."""
        self._forget(key)
        self.deploying = [each for each in self.deploying if each.key != key]
        return self._next_turn()

    def leave(self, key: str, *, holder: str = "", reason: str = "") -> list[Decision]:
        """A release has ended, wherever it stood; nobody waits for it any more.

        One that leaves prod broken freezes the turns in the same moment, so that nobody gets the
        next one.
        """
        if holder:
            self.freeze(holder, reason)
        self._forget(key)
        self.queue = [each for each in self.queue if each.key != key]
        self.waiting = [each for each in self.waiting if each.key != key]
        self.deploying = [each for each in self.deploying if each.key != key]
        return [*self._next_turn(), *self._advance()]

    def freeze(self, holder: str, reason: str) -> list[Decision]:
        """No turn is given any more but to express ones; tests and publications go on."""
        self.frozen[holder] = reason
        return []

    def unfreeze(self, holder: str) -> list[Decision]:
        """Turns are given again once nobody holds them any more."""
        self.frozen.pop(holder, None)
        return self._next_turn()

    # --- what follows -----------------------------------------------------------------------

    def _advance(self) -> list[Decision]:
        """Reject and publish what can be, then test everybody in the window on what is ahead of them."""
        decisions: list[Decision] = []
        while self.publishing is None and self.queue and self._is_settled(self.queue[0]):
            head = self.queue[0]
            if head.passed:
                self.publishing = head
                decisions.append(
                    Publish(key=head.key, manifest=head.manifest, basis=head.basis or {}, verdict=head.verdict)
                )
            else:
                self.queue.pop(0)
                self._forget(head.key)
                decisions.append(Rejected(key=head.key))
        ahead = self.published
        if self.publishing is not None:  # it may have left; what is written counts all the same
            ahead = self.publishing.on(self.publishing.basis or {})
        for candidate in self.queue[: self.window]:
            if candidate == self.publishing:
                continue
            if candidate.basis != ahead:
                self.tests += 1
                candidate.test, candidate.basis, candidate.passed, candidate.verdict = self.tests, ahead, None, None
                decisions.append(Test(key=candidate.key, test=candidate.test, basis=ahead))
            if candidate.passed is not False:
                ahead = candidate.on(ahead)
        return decisions

    def _is_settled(self, head: Candidate) -> bool:
        """Whether the head's verdict is about the published set itself, and so counts."""
        return head.passed is not None and head.basis == self.published

    def _next_turn(self) -> list[Decision]:
        """Once nobody deploys: all that were published meanwhile; of two of a role the newer."""
        if self.deploying:
            return []
        ready = [each for each in self.waiting if each.express or not self.frozen]
        newest = {each.role: each for each in ready}  # they wait in the order of publication
        overtaken = [each for each in self.waiting if each.role in newest and each.number < newest[each.role].number]
        self.deploying = list(newest.values())
        gone = {each.key for each in (*self.deploying, *overtaken)}
        self.waiting = [each for each in self.waiting if each.key not in gone]
        for each in overtaken:
            self._forget(each.key)
        return [
            *(SupersededBy(key=each.key, by=newest[each.role].key) for each in overtaken),
            *(Turn(key=each.key) for each in self.deploying),
        ]

    def _enqueue(self, candidate: Candidate) -> None:
        """At the end; an express one ahead of all that are not, but for the one that is being published."""
        place = len(self.queue)
        if candidate.express:
            behind = (i for i, each in enumerate(self.queue) if not each.express and each != self.publishing)
            place = next(behind, place)
        self.queue.insert(place, candidate)

    def _find(self, key: str) -> Candidate | None:
        return next((each for each in self.queue if each.key == key), None)

    def _forget(self, key: str) -> None:
        """It has left; what it still sends is late."""
        if key not in self.left:
            self.left = [*self.left, key][-REMEMBERED:]
