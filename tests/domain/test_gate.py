"""The gate under every order of events: what is published was tested, and nobody waits for ever.

:class:`GateMachine` is the world: releases that join, answer, die and repeat themselves, and a set
that others may write too. Single stories are told in ``test_gate_stories.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import gate_decisions as decided
from domain.artifact import digest_of
from domain.gate import LARGEST_WINDOW, SMALLEST_WINDOW, Gate
from domain.gate_decisions import Decision, Snapshot

ROLES = ("cart", "catalog", "checkout")
HOLDERS = ("by hand", "roll-forward:shop-cart")


@dataclass
class Release:
    key: str
    role: str
    manifest: str
    express: bool
    good: bool
    #: tests that were asked for: number → basis
    asked: dict[int, Snapshot] = field(default_factory=dict)
    current: int = 0
    answered: set[int] = field(default_factory=set)
    number: int = 0
    state: str = "queued"


class GateMachine(RuleBasedStateMachine):
    """Releases that join, answer, die, repeat themselves, in any order; the world writes sets."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.releases: dict[str, Release] = {}
        self.set: Snapshot = {}
        self.version = 0
        self.writes: list[decided.Publish] = []
        self.tested: list[tuple[Snapshot, str, bool]] = []
        self.deployed: dict[str, int] = {}
        self.joined = 0

    def carry_out(self, decisions: list[Decision]) -> None:
        for each in decisions:
            release = self.releases[each.key]
            match each:
                case decided.Test():
                    assert release.state == "queued"
                    assert each.test > release.current
                    release.asked[each.test] = each.basis
                    release.current = each.test
                case decided.Publish():
                    assert not self.writes, "one write at a time"
                    assert each.manifest == release.manifest
                    assert each.basis == release.asked[release.current]
                    assert (each.basis, release.manifest, True) in self.tested, "published what was not tested"
                    assert each.verdict == self.attested(each.basis, release.manifest)
                    self.writes.append(each)
                case decided.Published(number=number):
                    assert release.state == "written"
                    release.state, release.number = "published", number
                case decided.Rejected():
                    assert release.state == "queued"
                    release.state = "rejected"
                    if each.reason:
                        assert each.reason == "it does not hold"
                        continue
                    assert (self.gate.published, release.manifest, False) in self.tested, "rejected for another's fault"
                case decided.Turn():
                    assert release.state == "published"
                    assert release.express or not self.gate.frozen, "let through a freeze"
                    assert release.number > self.deployed.get(release.role, 0), "went back"
                    self.deployed[release.role] = release.number
                    release.state = "deploying"
                case decided.SupersededBy(by=by):
                    assert release.state == "published"
                    assert self.releases[by].role == release.role
                    assert self.releases[by].number > release.number
                    release.state = "superseded"

    @rule(role=st.sampled_from(ROLES), good=st.booleans(), express=st.sampled_from([False, False, False, True]))
    def join(self, role: str, good: bool, express: bool) -> None:
        self.joined += 1
        key = f"r{self.joined}"
        self.releases[key] = Release(key, role, f"sha256:{self.joined:064x}", express, good)
        self.carry_out(self.gate.join(key, role, self.releases[key].manifest, express=express))

    @precondition(lambda self: self.releases)
    @rule(data=st.data())
    def join_again(self, data: st.DataObject) -> None:
        release = self.releases[data.draw(st.sampled_from(sorted(self.releases)))]
        assert self.gate.join(release.key, release.role, release.manifest, express=release.express) == []

    def running(self) -> list[Release]:
        return [r for r in self.releases.values() if r.state == "queued" and r.current and r.current not in r.answered]

    @precondition(lambda self: self.running())
    @rule(data=st.data(), flaky=st.booleans())
    def answer(self, data: st.DataObject, flaky: bool) -> None:
        release = data.draw(st.sampled_from(self.running()), label="who answers")
        self.give(release, release.good and not flaky)

    def give(self, release: Release, passed: bool) -> None:
        release.answered.add(release.current)
        self.tested.append((release.asked[release.current], release.manifest, passed))
        verdict = self.attested(release.asked[release.current], release.manifest)
        self.carry_out(self.gate.verdict(release.key, release.current, passed=passed, verdict=verdict))

    def attested(self, basis: Snapshot, manifest: str) -> str:
        return digest_of(repr((sorted(basis.items()), manifest)).encode())

    @precondition(lambda self: self.releases)
    @rule(data=st.data(), passed=st.booleans())
    def late_or_doubled_answer(self, data: st.DataObject, passed: bool) -> None:
        release = self.releases[data.draw(st.sampled_from(sorted(self.releases)))]
        for test in release.asked:
            if test != release.current or test in release.answered:
                before = self.gate.model_dump()
                assert self.gate.verdict(release.key, test, passed=passed, verdict=digest_of(b"late")) == []
                assert self.gate.model_dump() == before

    @precondition(lambda self: self.writes)
    @rule()
    def write(self) -> None:
        publish = self.writes.pop()
        release = self.releases[publish.key]
        if self.set != publish.basis:
            self.carry_out(self.gate.contested(self.set))
            return
        self.set = {**publish.basis, release.role: release.manifest}
        self.version += 1
        if release.state == "queued":
            release.state = "written"
        self.carry_out(self.gate.wrote(publish.key, self.version))

    @precondition(lambda self: self.writes)
    @rule()
    def write_is_refused(self) -> None:
        publish = self.writes.pop()
        self.carry_out(self.gate.refused(publish.key, "it does not hold"))
        assert self.gate.refused(publish.key, "it does not hold") == []

    @rule(role=st.sampled_from(ROLES))
    def somebody_else_writes_the_set(self, role: str) -> None:
        self.version += 1
        self.set = {**self.set, role: f"sha256:{10**9 + self.version:064x}"}

    @precondition(lambda self: any(r.state == "deploying" for r in self.releases.values()))
    @rule(data=st.data())
    def deployed_one(self, data: st.DataObject) -> None:
        keys = sorted(r.key for r in self.releases.values() if r.state == "deploying")
        release = self.releases[data.draw(st.sampled_from(keys))]
        release.state = "done"
        self.carry_out(self.gate.deployed(release.key))
        assert self.gate.deployed(release.key) == []

    @precondition(lambda self: self.releases)
    @rule(data=st.data(), holder=st.sampled_from(["", "", *HOLDERS]))
    def die(self, data: st.DataObject, holder: str) -> None:
        release = self.releases[data.draw(st.sampled_from(sorted(self.releases)))]
        if release.state in ("queued", "published", "deploying"):
            release.state = "gone"
        self.carry_out(self.gate.leave(release.key, holder=holder, reason="broken"))

    @rule(holder=st.sampled_from(HOLDERS))
    def freeze(self, holder: str) -> None:
        self.carry_out(self.gate.freeze(holder, "broken"))

    @rule(holder=st.sampled_from(HOLDERS))
    def unfreeze(self, holder: str) -> None:
        self.carry_out(self.gate.unfreeze(holder))

    @precondition(lambda self: self.releases)
    @rule(data=st.data())
    def hasten(self, data: st.DataObject) -> None:
        release = self.releases[data.draw(st.sampled_from(sorted(self.releases)))]
        release.express = release.express or release.state in ("queued", "published")
        self.carry_out(self.gate.hasten(release.key))

    @rule()
    def carried_over(self) -> None:
        self.gate = Gate.model_validate_json(self.gate.model_dump_json())

    @invariant()
    def the_window_keeps_its_limits(self) -> None:
        assert SMALLEST_WINDOW <= self.gate.window <= LARGEST_WINDOW
        assert len(self.running()) <= LARGEST_WINDOW

    @invariant()
    def nobody_who_failed_is_in_a_basis(self) -> None:
        failed = {c.manifest for c in self.gate.queue if c.passed is False}
        for candidate in self.gate.queue[: self.gate.window]:
            if candidate.passed is None and candidate.basis is not None:
                assert not failed & set(candidate.basis.values())

    def teardown(self) -> None:
        """Whatever happened: once all answer, everybody gets to an end."""
        for holder in HOLDERS:
            self.carry_out(self.gate.unfreeze(holder))
        for _ in range(2000):
            if self.writes:
                self.write()
            elif self.running():
                release = self.running()[0]
                self.give(release, release.good)
            elif deploying := [r for r in self.releases.values() if r.state == "deploying"]:
                deploying[0].state = "done"
                self.carry_out(self.gate.deployed(deploying[0].key))
            else:
                break
        ended = {"done", "rejected", "superseded", "gone"}
        assert {r.state for r in self.releases.values()} <= ended, {r.key: r.state for r in self.releases.values()}
        assert not self.gate.queue
        assert not self.gate.waiting


TestGate = GateMachine.TestCase
TestGate.settings = settings(max_examples=200, stateful_step_count=60, deadline=None)
