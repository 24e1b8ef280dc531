"""Nothing goes back, in whatever order things happen: releases, failures, fixes, retries, late and doubled words.

:class:`World` has one gate, an engine in prod, and a roll-forward for each role, as the workflows
keep them. Commits of a role are a line: a smaller one is an ancestor of each greater one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain import gate_decisions as decided
from domain.admissibility import commits_ahead, refuse_any, refuse_behind, refuse_fix, retry_request
from domain.artifact import digest_of
from domain.deployment import decide
from domain.environment import Environment
from domain.errors import Superseded
from domain.evidence import FailedRelease
from domain.gate import Gate
from domain.gate_decisions import Decision
from domain.identity import ServiceId
from domain.release import Failure, ReleaseRequest, ReleaseResult, ReleaseStatus, Stage
from domain.roll_forward import RollForward, Way
from domain.roll_forward_messages import Begun, EndedWell, FixFacts, Retry
from tests.domain.builders import deployment
from tests.domain.incidents import NOW

ROLES = ("cart", "catalog")


@dataclass
class Run:
    """One run of a release."""

    key: str
    request: ReleaseRequest
    fix: bool
    number: int = 0
    turn: Environment | None = None
    over: bool = False


class World(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
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
                    self.end_badly(run, Stage.REGRESSION)
                case decided.Test():
                    pass

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

    # --- what happens -----------------------------------------------------------------------

    @rule(role=st.sampled_from(ROLES))
    def ci_releases_a_new_commit(self, role: str) -> None:
        self.newest[role] += 1
        self.start(role, f"{self.newest[role]:040x}")

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def on_call_fixes(self, data: st.DataObject) -> None:
        role = data.draw(st.sampled_from(sorted(self.open)))
        number = data.draw(st.integers(1, self.newest[role] + 1), label="which commit")
        commit, incident = f"{number:040x}", self.open[role]
        facts = self.behind(role, commit)
        if refuse_any(incident, "") or refuse_fix(incident, commit, facts):
            return
        assert all(commit > deployed for _, deployed in self.prod[role][-1:] if deployed != commit)
        self.newest[role] = max(self.newest[role], number)
        self.start(role, commit, incident.id)

    @precondition(lambda self: self.open)
    @rule(data=st.data())
    def on_call_retries(self, data: st.DataObject) -> None:
        role = data.draw(st.sampled_from(sorted(self.open)))
        incident = self.open[role]
        request = retry_request(incident, Retry(by="ann"))
        if refuse_any(incident, "") or refuse_behind(request.commit, self.behind(role, request.commit)):
            return
        self.start(role, request.commit, incident.id)

    @precondition(lambda self: any(c.passed is None and c.basis is not None for c in self.gate.queue))
    @rule(data=st.data(), passed=st.sampled_from([True, True, False]))
    def a_test_ends(self, data: st.DataObject, passed: bool) -> None:
        tested = [each for each in self.gate.queue if each.passed is None and each.basis is not None]
        candidate = data.draw(st.sampled_from(tested))
        self.hear(self.gate.verdict(candidate.key, candidate.test, passed=passed, verdict=digest_of(b"v")))

    def deploying(self) -> list[Run]:
        return [run for run in self.runs.values() if run.turn and not run.over]

    @precondition(lambda self: self.deploying())
    @rule(data=st.data(), works=st.sampled_from([True, True, True, True, False]))
    def a_deploy_ends(self, data: st.DataObject, works: bool) -> None:
        run = data.draw(st.sampled_from(self.deploying()))
        environment = run.turn or Environment.CI
        if environment is Environment.PROD:
            self.ask_prod(run)
        if not works:
            self.end_badly(run, Stage.deploy(environment))
        elif environment is Environment.CI:
            run.turn = None
            self.hear(self.gate.verified(run.key))
        else:
            self.hear(self.gate.deployed(run.key))
            self.end_well(run, ReleaseStatus.VERIFIED)

    def ask_prod(self, run: Run) -> None:
        there = self.prod[run.request.role]
        current = there[-1][0] if there else None
        try:
            decide(current, deployment(number=run.number))
        except Superseded:
            raise AssertionError("the gate let an older one through") from None
        there.append((run.number, run.request.commit))

    @precondition(lambda self: any(not run.over for run in self.runs.values()))
    @rule(data=st.data(), stage=st.sampled_from([Stage.BUILD, Stage.PUBLISH]))
    def somebody_terminates_a_release(self, data: st.DataObject, stage: Stage) -> None:
        run = data.draw(st.sampled_from([run for run in self.runs.values() if not run.over]))
        self.end_badly(run, Stage.deploy(run.turn) if run.turn else stage)

    @precondition(lambda self: any(run.over for run in self.runs.values()))
    @rule(data=st.data())
    def a_late_word_of_one_that_is_over(self, data: st.DataObject) -> None:
        run = data.draw(st.sampled_from([run for run in self.runs.values() if run.over]))
        self.hear(self.gate.join(run.key, run.request.role, digest_of(run.key.encode())))
        self.hear(self.gate.deployed(run.key))
        self.hear(self.gate.hasten(run.key))

    # --- what is always so ------------------------------------------------------------------

    @invariant()
    def prod_only_goes_forward(self) -> None:
        for there in self.prod.values():
            numbers = [number for number, _ in there]
            assert numbers == sorted(set(numbers))

    @invariant()
    def every_release_that_failed_belongs_to_exactly_one_roll_forward(self) -> None:
        owners = Counter(
            each.run for incident in (*self.open.values(), *self.closed) for each in incident.attempts if each.failure
        )
        assert owners == Counter(self.failed)

    @invariant()
    def while_something_published_is_not_in_prod_only_fixes_get_a_turn(self) -> None:
        frozen = [incident for incident in self.open.values() if incident.holds_turns]
        assert set(self.gate.frozen) == {incident.id for incident in frozen}

    @invariant()
    def what_is_in_prod_passed_together_unless_a_fix_went_through_a_freeze(self) -> None:
        """Between turns; also when one failed in prod that stays what it was, until the next turn brings all."""
        if self.mixed or any(run.turn is Environment.PROD for run in self.deploying()):
            return
        there = {role: numbers[-1][0] for role, numbers in self.prod.items() if numbers}
        assert there in self.passed


TestNeverBack = World.TestCase
TestNeverBack.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
