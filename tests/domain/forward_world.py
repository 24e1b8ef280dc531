"""Releases that fail, their roll-forwards, and what runs in prod: each does what the workflows do.

Commits of a role are a line: a smaller one is an ancestor of each greater one.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain import gate_decisions as decided
from domain.admissibility import commits_ahead
from domain.artifact import digest_of
from domain.deployment import decide
from domain.environment import Environment
from domain.errors import Superseded
from domain.evidence import FailedRelease
from domain.gate import Candidate, Gate
from domain.gate_decisions import Decision
from domain.identity import ServiceId
from domain.release import Failure, ReleaseRequest, ReleaseResult, ReleaseStatus, Stage
from domain.roll_forward import RollForward, Way
from domain.roll_forward_messages import Begun, EndedWell, FixFacts
from tests.domain.builders import deployment
from tests.domain.incidents import NOW

ROLES = ("cart", "catalog", "web")


@dataclass
class Run:
    """One run of a release."""

    key: str
    request: ReleaseRequest
    fix: bool
    number: int = 0
    turn: Environment | None = None
    over: bool = False
    behind: bool = False


class World:
    """One gate, an engine in prod, and a roll-forward for each role, as the workflows keep them."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.runs: dict[str, Run] = {}
        self.version = 0
        self.newest = dict.fromkeys(ROLES, 0)
        self.open: dict[str, RollForward] = {}
        self.closed: list[RollForward] = []
        self.failed: list[str] = []
        self.prod: dict[str, list[tuple[int, str]]] = {role: [] for role in ROLES}
        self.passed: list[dict[str, int]] = [{}]
        self.mixed = False

    # --- what the parts do ------------------------------------------------------------------

    def start(self, role: str, commit: str, roll_forward: str = "") -> None:
        request = ReleaseRequest(
            application="shop", role=role, repository="r", commit=commit, roll_forward=roll_forward
        )
        key = f"run {len(self.runs)}"
        incident = self.open.get(role)
        if incident is not None:
            way = Way.FIX if roll_forward else Way.ADOPTED
            incident.begun(Begun(request=request, run=key, at=NOW), way)
        self.runs[key] = Run(key, request, fix=incident is not None)
        self.hear(self.gate.join(key, role, digest_of(key.encode()), express=incident is not None))

    def hear(self, decisions: list[Decision]) -> None:
        for each in decisions:
            run = self.runs[each.key]
            match each:
                case decided.Publish(basis=basis):
                    self.version += 1
                    assert basis == self.gate.published
                    self.hear(self.gate.wrote(each.key, self.version))
                case decided.Published(number=number):
                    run.number = number
                    self.passed.append({**self.passed[-1], run.request.role: number})
                case decided.Turn(environment=environment):
                    assert run.fix or not self.gate.frozen, "let through a freeze"
                    run.turn = environment
                    if environment is Environment.PROD:  # a turn that no freeze has cut short brings all
                        self.mixed = bool(self.gate.frozen)
                case decided.SupersededBy():
                    self.end_well(run, ReleaseStatus.SUPERSEDED)
                case decided.Rejected():
                    self.rejected(run)
                case decided.Test():
                    pass

    def test_ends(self, candidate: Candidate, passed: bool) -> None:
        """One that is behind the version of its role that it would follow is not tested at all."""
        run = self.runs[candidate.key]
        ahead = (candidate.basis or {}).get(run.request.role)
        run.behind = any(
            other.request.commit > run.request.commit
            for key, other in self.runs.items()
            if digest_of(key.encode()) == ahead
        )
        passed = passed and not run.behind
        self.hear(self.gate.verdict(candidate.key, candidate.test, passed=passed, verdict=digest_of(b"v")))

    def rejected(self, run: Run) -> None:
        if not run.behind:
            self.end_badly(run, Stage.REGRESSION)
            return
        self.end_well(run, ReleaseStatus.SUPERSEDED)
        self.hear(self.gate.leave(run.key))

    def end_badly(self, run: Run, stage: Stage) -> None:
        run.over = True
        request = run.request
        result = ReleaseResult(
            release=request.id,
            application="shop",
            role=request.role,
            commit=request.commit,
            status=ReleaseStatus.FAILED,
            number=run.number or None,
            failure=Failure(stage=stage, kind="Test", message="it did not work"),
        )
        failed = FailedRelease(request=request, run=run.key, result=result, ended=NOW)
        self.failed.append(run.key)
        incident = self.open.get(request.role)
        if incident is None:
            self.open[request.role] = incident = RollForward.opened_by(failed)
        else:
            assert incident.failed(failed)
        assert not incident.failed(failed), "told twice"
        self.mixed = self.mixed or stage is Stage.DEPLOY_PROD
        left = self.gate.leave(run.key, number=run.number, holder=incident.id, reason="it did not work")
        assert not run.number or incident.id in self.gate.frozen, "published, and not in prod"
        self.hear(left)

    def end_well(self, run: Run, status: ReleaseStatus) -> None:
        run.over = True
        incident = self.open.get(run.request.role)
        if incident is None:
            return
        done = EndedWell(
            release=run.request.id,
            run=run.key,
            service=run.request.service,
            status=status,
            number=run.number or None,
            at=NOW,
        )
        if incident.ended_well(done):
            assert status is ReleaseStatus.VERIFIED
            numbers = [each.number for each in incident.attempts if each.failure and each.number]
            assert run.number > max(numbers, default=0), "closed by an older one"
            assert not incident.ended_well(done), "closed twice"
            self.closed.append(self.open.pop(run.request.role))
            self.hear(self.gate.unfreeze(incident.id))

    def behind(self, role: str, commit: str) -> FixFacts:
        """What git says of a commit: the greater ones are its descendants."""
        incident = self.open[role]
        against = commits_ahead(incident, role, [deployed for _, deployed in self.prod[role][-1:]])
        return FixFacts(
            service=ServiceId(application="shop", role=role), behind=tuple(each for each in against if each > commit)
        )

    def tested(self) -> list[Candidate]:
        return [each for each in self.gate.queue if each.passed is None and each.basis is not None]

    def deploying(self) -> list[Run]:
        return [run for run in self.runs.values() if run.turn and not run.over]

    def ask_prod(self, run: Run) -> None:
        there = self.prod[run.request.role]
        current = there[-1][0] if there else None
        try:
            decide(current, deployment(number=run.number))
        except Superseded:
            raise AssertionError("the gate let an older one through") from None
        there.append((run.number, run.request.commit))
