"""Releases and a published set around a gate: what they do with each decision, and what no decision may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from domain import gate_decisions as decided
from domain.artifact import digest_of
from domain.environment import Environment
from domain.gate import Gate
from domain.gate_decisions import Decision, Snapshot

#: The states of a release that has its number, and has not ended.
PUBLISHED = ("published", "ci", "verified", "prod")


@dataclass
class Release:
    """``place`` is its place among all that have joined, ``asked`` the tests: number → basis."""

    key: str
    role: str
    manifest: str
    express: bool
    good: bool
    place: int = 0
    asked: dict[int, Snapshot] = field(default_factory=dict)
    current: int = 0
    answered: set[int] = field(default_factory=set)
    number: int = 0
    state: str = "queued"
    holder: str = ""


class GateWorld:
    """Obeys the gate, and checks each of its decisions. ``replaced``: the gate is not the first one."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.releases: dict[str, Release] = {}
        self.set: Snapshot = {}
        self.version = 0
        self.writes: list[decided.Publish] = []
        self.tested: list[tuple[Snapshot, str, bool]] = []
        self.deployed: dict[str, int] = {}
        self.last_number = 0
        self.joined = 0
        self.replaced = False

    def alive(self, *states: str) -> list[Release]:
        """The releases in any of these states."""
        return [each for each in self.releases.values() if each.state in states]

    def running(self) -> list[Release]:
        """Those whose test has not ended."""
        return [each for each in self.alive("queued") if each.current and each.current not in each.answered]

    # --- what releases do -------------------------------------------------------------------

    def joins(self, role: str, *, good: bool, express: bool) -> None:
        self.joined += 1
        key = f"r{self.joined}"
        release = Release(key, role, f"sha256:{self.joined:064x}", express, good, place=self.joined)
        self.releases[key] = release
        self.carry_out(self.gate.join(key, role, release.manifest, express=express))

    def answers(self, release: Release, *, passed: bool) -> None:
        basis = release.asked[release.current]
        release.answered.add(release.current)
        self.tested.append((basis, release.manifest, passed))
        verdict = attested(basis, release.manifest)
        self.carry_out(self.gate.verdict(release.key, release.current, passed=passed, verdict=verdict))

    def writes_next(self) -> None:
        publish = self.writes.pop()
        release = self.releases[publish.key]
        if self.set != publish.basis:
            self.carry_out(self.gate.contested(self.set))
            return
        self.set = {**publish.basis, release.role: release.manifest}
        self.version += 1
        release.number = self.version
        if release.state == "queued":
            release.state = "written"
        self.carry_out(self.gate.wrote(publish.key, self.version))
        if release.state == "gone" and release.holder:
            assert release.holder in self.gate.frozen, "published, and nobody deploys it"

    def goes_on(self, release: Release) -> None:
        """A deploy is verified."""
        if release.state == "ci":
            release.state = "verified"
            self.carry_out(self.gate.verified(release.key))
            return
        release.state = "done"
        self.carry_out(self.gate.deployed(release.key))

    def step(self, choose: Callable[[list[Callable[[], None]]], Callable[[], None]]) -> bool:
        """One thing takes its course; ``False`` when nothing is left to."""
        possible: list[Callable[[], None]] = [self.writes_next] if self.writes else []
        possible += [lambda each=each: self.answers(each, passed=each.good) for each in self.running()]  # type: ignore[misc]
        possible += [lambda each=each: self.goes_on(each) for each in self.alive("ci", "prod")]  # type: ignore[misc]
        if possible:
            choose(possible)()
        return bool(possible)

    # --- what the gate decides --------------------------------------------------------------

    def carry_out(self, decisions: list[Decision]) -> None:
        for each in decisions:
            self._obey(self.releases[each.key], each)
        if self.replaced:  # what an older gate was about to do may come later than what a newer one does
            return
        for each in decisions:
            if isinstance(each, decided.Turn):
                self._check_order(self.releases[each.key], each.environment)

    def _obey(self, release: Release, said: Decision) -> None:
        match said:
            case decided.Test():
                assert release.state == "queued"
                assert said.test > release.current
                assert release.key in [each.key for each in self.gate.queue[: self.gate.window]]
                release.asked[said.test] = said.basis
                release.current = said.test
            case decided.Publish():
                assert not self.writes, "one write at a time"
                assert said.manifest == release.manifest
                assert said.basis == release.asked[release.current]
                assert (said.basis, release.manifest, True) in self.tested, "published what was not tested"
                assert said.verdict == attested(said.basis, release.manifest)
                overtaken = [each.key for each in self.alive("queued") if each.place < release.place]
                overtaken = [key for key in overtaken if not self.releases[key].express]
                assert release.express or not overtaken, "not in the order of the queue"
                self.writes.append(said)
            case decided.Published(number=number):
                assert release.state == "written"
                assert number == release.number
                assert number > self.last_number, "numbers only grow"
                release.state, self.last_number = "published", number
            case decided.Rejected():
                assert release.state == "queued"
                release.state = "rejected"
                broken = (self.gate.published, release.manifest, False) in self.tested
                assert broken or said.reason == "it does not hold", "rejected for another's fault"
            case decided.Turn(environment=environment):
                self._turn(release, environment)
            case decided.SupersededBy(by=by):
                assert release.state in PUBLISHED
                assert self.releases[by].role == release.role
                assert self.releases[by].number > release.number
                release.state = release.state if release.state == "prod" else "superseded"

    def _turn(self, release: Release, environment: Environment) -> None:
        assert release.express or not self.gate.frozen, "let through a freeze"
        before, after = ("published", "ci") if environment is Environment.CI else ("verified", "prod")
        assert release.state == before or (self.replaced and release.state == after)
        if environment is Environment.PROD and release.state == before:
            assert release.number > self.deployed.get(release.role, 0), "went back"
            self.deployed[release.role] = release.number
        release.state = after

    def _check_order(self, release: Release, environment: Environment) -> None:
        """Turns are in the order of publication, and of one environment at a time."""
        other = "prod" if environment is Environment.CI else "ci"
        assert not self.alive(other), "a turn moves as one"
        behind = ("published",) if environment is Environment.CI else ("published", "verified")
        overtaken = [each.key for each in self.alive(*behind) if each.number < release.number]
        assert release.express or not overtaken, "not in the order of publication"


def attested(basis: Snapshot, manifest: str) -> str:
    """The attestation of a test."""
    return digest_of(repr((sorted(basis.items()), manifest)).encode())
