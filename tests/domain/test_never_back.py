"""Nothing goes back, in whatever order things happen: releases, failures, fixes, retries, late and doubled words.

:class:`tests.domain.forward_world.World` is who they happen to.
"""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.admissibility import refuse_any, refuse_behind, refuse_fix, retry_request
from domain.artifact import digest_of
from domain.environment import Environment
from domain.release import ReleaseStatus, Stage
from domain.roll_forward_messages import Retry
from tests.domain.forward_world import ROLES, World


class Machine(RuleBasedStateMachine, World):
    """What happens, and what is always so."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        World.__init__(self)

    # --- what happens -----------------------------------------------------------------------

    @rule(roles=st.lists(st.sampled_from(ROLES), min_size=1, max_size=4))
    def ci_releases_new_commits(self, roles: list[str]) -> None:
        for role in roles:
            self.newest[role] += 1
            self.start(role, f"{self.newest[role]:040x}")

    @precondition(lambda self: any(self.newest.values()))
    @rule(data=st.data())
    def a_slow_build_brings_an_older_commit(self, data: st.DataObject) -> None:
        role = data.draw(st.sampled_from([role for role in ROLES if self.newest[role]]))
        self.start(role, f"{data.draw(st.integers(1, self.newest[role]), label='which commit'):040x}")

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

    @precondition(lambda self: self.tested())
    @rule(data=st.data(), passed=st.sampled_from([True, True, False]))
    def a_test_ends(self, data: st.DataObject, passed: bool) -> None:
        candidate = data.draw(st.sampled_from(self.tested()))
        self.test_ends(candidate, passed)

    @rule(data=st.data(), tests=st.integers(1, 6), deploys=st.integers(0, 6))
    def a_while_passes_in_which_all_goes_well(self, data: st.DataObject, tests: int, deploys: int) -> None:
        for _ in range(tests):
            if self.tested():
                self.a_test_ends(data, passed=True)
        for _ in range(deploys):
            if self.deploying():
                self.a_deploy_ends(data, works=True)

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
            commits = [commit for _, commit in there]
            assert commits == sorted(commits), "an older commit"

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


TestNeverBack = Machine.TestCase
TestNeverBack.settings = settings(max_examples=150, stateful_step_count=50)
