"""The gate under every order of events: what is published was tested, and nobody waits for ever.

:class:`GateMachine` lets things happen to :class:`tests.domain.gate_world.GateWorld`: releases join,
answer, die and repeat themselves, others write the set, the gate itself is replaced. Single stories
are told in ``test_gate_stories.py`` and ``test_gate_turns.py``.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.artifact import digest_of
from domain.gate import LARGEST_WINDOW, SMALLEST_WINDOW, Gate
from tests.domain.gate_world import PUBLISHED, GateWorld, Release

ROLES = ("cart", "catalog", "checkout", "web")
HOLDERS = ("by hand", "roll-forward:shop-cart")

HOLDER = st.sampled_from(["", "roll-forward:shop-cart"])
GOOD = st.sampled_from([True, True, True, False])
EXPRESS = st.sampled_from([False, False, False, False, True])
COMING = st.lists(st.tuples(st.sampled_from(ROLES), GOOD, EXPRESS), min_size=2, max_size=6)


class GateMachine(RuleBasedStateMachine):
    """What happens, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = GateWorld()

    @property
    def gate(self) -> Gate:
        return self.world.gate

    def any_release(self, data: st.DataObject) -> Release:
        return self.world.releases[data.draw(st.sampled_from(sorted(self.world.releases)))]

    @initialize(coming=COMING)
    def some_are_there(self, coming: list[tuple[str, bool, bool]]) -> None:
        self.some_join(coming)

    @rule(coming=COMING)
    def some_join(self, coming: list[tuple[str, bool, bool]]) -> None:
        for role, good, express in coming:
            self.world.joins(role, good=good, express=express)

    @rule(data=st.data())
    def join_again(self, data: st.DataObject) -> None:
        release = self.any_release(data)
        if release.key in self.gate.left or release.state in ("queued", *PUBLISHED):
            assert self.gate.join(release.key, release.role, release.manifest, express=release.express) == []

    @rule(data=st.data(), steps=st.integers(1, 8))
    def things_take_their_course(self, data: st.DataObject, steps: int) -> None:
        """Sets are written, tests end, deploys are verified."""
        for _ in range(steps):
            if not self.world.step(lambda possible: data.draw(st.sampled_from(possible))):
                return

    @rule(data=st.data())
    def a_while_passes(self, data: st.DataObject) -> None:
        """Long enough for some to be published and deployed."""
        self.things_take_their_course(data, steps=15)

    @precondition(lambda self: self.world.running())
    @rule(data=st.data())
    def a_test_is_flaky(self, data: st.DataObject) -> None:
        self.world.answers(data.draw(st.sampled_from(self.world.running())), passed=False)

    @rule(data=st.data(), passed=st.booleans())
    def late_or_doubled_answer(self, data: st.DataObject, passed: bool) -> None:
        release = self.any_release(data)
        for test in release.asked:
            if test != release.current or test in release.answered:
                before = self.gate.model_dump()
                assert self.gate.verdict(release.key, test, passed=passed, verdict=digest_of(b"late")) == []
                assert self.gate.model_dump() == before

    @rule(data=st.data())
    def late_or_doubled_word(self, data: st.DataObject) -> None:
        release = self.any_release(data)
        if release.key in self.gate.left:
            before = self.gate.model_dump()
            assert self.gate.deployed(release.key) == []
            assert self.gate.verified(release.key) == []
            assert self.gate.leave(release.key, holder="roll-forward:shop-late", reason="late") == []
            assert self.gate.model_dump() == before

    @precondition(lambda self: self.world.writes)
    @rule()
    def write_is_refused(self) -> None:
        publish = self.world.writes.pop()
        self.world.carry_out(self.gate.refused(publish.key, "it does not hold"))
        assert self.gate.refused(publish.key, "it does not hold") == []

    @rule(role=st.sampled_from(ROLES))
    def somebody_else_writes_the_set(self, role: str) -> None:
        self.world.version += 1
        self.world.set = {**self.world.set, role: f"sha256:{10**9 + self.world.version:064x}"}

    @rule(data=st.data(), holder=HOLDER)
    def somebody_dies(self, data: st.DataObject, holder: str) -> None:
        self.die(self.any_release(data), holder)

    @precondition(lambda self: self.gate.queue)
    @rule(holder=HOLDER)
    def the_head_dies(self, holder: str) -> None:
        self.die(self.world.releases[self.gate.queue[0].key], holder)

    @precondition(lambda self: len(self.world.running()) > 1)
    @rule(holder=HOLDER)
    def those_behind_end_and_then_the_head_dies(self, holder: str) -> None:
        while behind := [each for each in self.world.running() if each.key != self.gate.queue[0].key]:
            self.world.answers(behind[0], passed=behind[0].good)
        self.die(self.world.releases[self.gate.queue[0].key], holder)

    @precondition(lambda self: self.world.writes)
    @rule(holder=HOLDER)
    def it_dies_while_it_is_written(self, holder: str) -> None:
        self.die(self.world.releases[self.world.writes[-1].key], holder)
        self.world.writes_next()

    @precondition(lambda self: self.world.alive("ci"))
    @rule(holder=st.sampled_from(["", *HOLDERS]))
    def all_of_a_turn_are_verified_in_ci(self, holder: str) -> None:
        """Perhaps a freeze comes before that."""
        if holder:
            self.freeze(holder)
        for release in self.world.alive("ci"):
            self.world.goes_on(release)

    @precondition(lambda self: self.world.alive(*PUBLISHED))
    @rule(data=st.data(), holder=HOLDER)
    def a_published_one_dies(self, data: st.DataObject, holder: str) -> None:
        self.die(data.draw(st.sampled_from(self.world.alive(*PUBLISHED))), holder)

    def die(self, release: Release, holder: str) -> None:
        frozen = set(self.gate.frozen)
        published, known = release.state in PUBLISHED, release.key not in self.gate.left
        if release.state in ("queued", *PUBLISHED):
            release.state, release.holder = "gone", holder
        self.world.carry_out(self.gate.leave(release.key, holder=holder, reason="broken"))
        expected = frozen | {holder} if holder and published and known else frozen
        assert set(self.gate.frozen) == expected

    @rule(holder=st.sampled_from(HOLDERS))
    def freeze(self, holder: str) -> None:
        self.world.carry_out(self.gate.freeze(holder, "broken"))

    @rule(holder=st.sampled_from(HOLDERS))
    def unfreeze(self, holder: str) -> None:
        self.world.carry_out(self.gate.unfreeze(holder))

    @rule(data=st.data())
    def hasten(self, data: st.DataObject) -> None:
        release = self.any_release(data)
        release.express = release.express or release.state in ("queued", *PUBLISHED)
        self.world.carry_out(self.gate.hasten(release.key))

    @rule()
    def carried_over(self) -> None:
        self.world.gate = Gate.model_validate_json(self.gate.model_dump_json())

    @rule(data=st.data())
    def gate_is_replaced(self, data: st.DataObject) -> None:
        """Only the published set is kept; whoever is on its way comes to the new gate, in any order."""
        world = self.world
        world.replaced, world.writes = True, []
        world.gate = Gate(published=world.set, tests=self.gate.tests + 1000)
        for release in data.draw(st.permutations(world.alive("queued", *PUBLISHED))):
            key, role, express = release.key, release.role, release.express
            if release.state == "queued":
                world.joined += 1
                release.place = world.joined
                world.carry_out(self.gate.join(key, role, release.manifest, express=express))
            elif release.state in PUBLISHED:  # it may have been superseded just now
                verified = release.state in ("verified", "prod")
                world.carry_out(self.gate.resume(key, role, release.number, express=express, verified=verified))

    # --- what is always so ------------------------------------------------------------------

    @invariant()
    def the_window_keeps_its_limits(self) -> None:
        assert SMALLEST_WINDOW <= self.gate.window <= LARGEST_WINDOW

    @invariant()
    def nobody_who_failed_is_in_a_basis(self) -> None:
        failed = {c.manifest for c in self.gate.queue if c.passed is False}
        for candidate in self.gate.queue[: self.gate.window]:
            if candidate.passed is None and candidate.basis is not None:
                assert not failed & set(candidate.basis.values())

    @invariant()
    def whoever_is_in_the_queue_waits_for_somebody(self) -> None:
        if self.gate.queue:
            assert self.world.running() or self.world.writes

    @invariant()
    def whoever_may_deploy_waits_for_somebody_who_does(self) -> None:
        if any(each.express or not self.gate.frozen for each in self.gate.waiting):
            assert self.world.alive("ci", "prod")

    def teardown(self) -> None:
        """Whatever happened: once all answer, everybody gets to an end."""
        while self.gate.frozen or self.world.step(lambda possible: possible[0]):
            for holder in list(self.gate.frozen):  # one that died in the write freezes them only now
                self.world.carry_out(self.gate.unfreeze(holder))
        ended = {"done", "rejected", "superseded", "gone"}
        assert {each.state for each in self.world.releases.values()} <= ended, self.world.releases
        assert not self.gate.queue
        assert not self.gate.waiting


TestGate = GateMachine.TestCase
TestGate.settings = settings(max_examples=300, stateful_step_count=40)
