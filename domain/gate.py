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

from collections.abc import Mapping

from pydantic import BaseModel, Field

from domain.artifact import Digest
from domain.gate_decisions import Decision, Publish, Published, Rejected, Snapshot, Test
from domain.gate_turns import REMEMBERED, Deployable, GateTurns
from domain.workflow_ids import parse_candidate_key

SMALLEST_WINDOW = 3
LARGEST_WINDOW = 20

#: Who holds the turns when a person does.
BY_HAND = "by hand"


class Candidate(BaseModel):
    """A built manifest in the queue. ``passed`` is ``None`` while its test runs, or before it.

    ``verdict`` is the digest of the attestation that says whether it passed. ``holder`` is in whose
    name the turns are frozen once it is written: it has left meanwhile, for this ``reason``.
    """

    key: str
    role: str
    manifest: Digest
    express: bool = False
    test: int = 0
    basis: Snapshot | None = None
    passed: bool | None = None
    verdict: Digest | None = None
    holder: str = ""
    reason: str = ""

    def on(self, basis: Snapshot) -> Snapshot:
        """A combination with this candidate in it."""
        return {**basis, self.role: self.manifest}


class Gate(GateTurns):
    """One application's gate. All of its state is data, so that it can be carried over.

    ``window`` moves between ``smallest`` and ``largest``; with both at 1 nobody is tested ahead of time.
    ``frozen`` is who holds the turns, and why: roll-forwards by their IDs, people by :data:`BY_HAND`.
    ``releases`` are the IDs of what is published, by role: for people.
    """

    published: Snapshot = Field(default_factory=dict)
    releases: dict[str, str] = Field(default_factory=dict)
    queue: list[Candidate] = Field(default_factory=list)
    window: int = SMALLEST_WINDOW
    smallest: int = SMALLEST_WINDOW
    largest: int = LARGEST_WINDOW
    tests: int = 0
    publishing: Candidate | None = None

    # --- events -----------------------------------------------------------------------------

    def join(self, key: str, role: str, manifest: Digest, *, express: bool = False) -> list[Decision]:
        """A candidate asks to be published. An express one goes ahead of all that are not."""
        if key in self.left or self._find(key) or self._is_published(key):
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
        for each in (*self.waiting, *self.deploying):
            each.express = each.express or each.key == key
        return [*self._turns(), *self._advance()]

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
        """The set was written with the candidate in it – also if it has left meanwhile.

        Then something is published that nobody deploys, so that nobody else may either.
        """
        written = self.publishing
        if written is None or written.key != key:
            return []
        self.published, self.publishing = written.on(written.basis or {}), None
        self.releases[written.role], _ = parse_candidate_key(key)
        candidate = self._find(key)
        if candidate is None:
            if written.holder:
                self.freeze(written.holder, written.reason)
            return self._advance()
        self.window = min(self.largest, self.window + 1)
        self.queue.remove(candidate)
        express = candidate.express or key in self.hastened
        self._wait([Deployable(key=key, role=candidate.role, number=number, express=express)])
        published = Published(key=key, number=number, verdict=written.verdict)
        return [published, *self._turns(), *self._advance()]

    def contested(self, published: Snapshot, releases: Mapping[str, str] | None = None) -> list[Decision]:
        """The set that is there is not the one that was known: everybody is tested on that one."""
        self.published, self.releases, self.publishing = dict(published), dict(releases or {}), None
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

    def leave(self, key: str, *, number: int = 0, holder: str = "", reason: str = "") -> list[Decision]:
        """A release has ended, and not well, wherever it stood; nobody waits for it any more.

        If it is published, what is published is not what will be in prod: the turns are frozen in
        the same moment, so that nobody gets the next one beside the version before it.

        :param number: of a published release, which another gate may have published.
        :param holder: the roll-forward in whose name they are frozen; a superseded release has none.
        """
        if key in self.left:
            return []
        if holder and (number or self._is_published(key)):
            self.freeze(holder, reason)
        if self.publishing is not None and self.publishing.key == key:
            self.publishing.holder, self.publishing.reason = holder, reason
        self.queue = [each for each in self.queue if each.key != key]
        self._dismiss(key)
        return [*self._turns(), *self._advance()]

    def gone(self, key: str) -> list[Decision]:
        """A release cannot be told anything. A published one keeps its place until the sweep says how
        it has ended: whether anybody may follow hangs on that."""
        written = self.publishing is not None and self.publishing.key == key
        return [] if written or self._is_published(key) else self.leave(key)

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

    def _enqueue(self, candidate: Candidate) -> None:
        """At the end; an express one ahead of all that are not, but for the one that is being published."""
        place = len(self.queue)
        if candidate.express:
            behind = (i for i, each in enumerate(self.queue) if not each.express and each != self.publishing)
            place = next(behind, place)
        self.queue.insert(place, candidate)

    def _find(self, key: str) -> Candidate | None:
        return next((each for each in self.queue if each.key == key), None)
