"""What the monitors of a release say of it, from what Prometheus has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.batch_monitors import excused
from domain.monitor_questions import measured, requests_seen
from domain.monitor_rules import MEASURED, REQUESTS, AlertRule
from domain.monitor_state import ActiveAlert, JudgedRule, judge
from domain.promql import looks_back, selectors
from tests.domain.builders import definition
from tests.monitors import own, to_install

ARRIVED = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = ARRIVED + timedelta(seconds=30)
MONITORS = to_install(own())


def rules(**changes: object) -> list[JudgedRule]:
    """All monitors as they are after a release that works; ``changes`` of the last one."""
    assert MONITORS.rules is not None
    found = [
        JudgedRule(group=group.name, name=rule.alert, version=MONITORS.version, health="ok", evaluated=LATER)
        for group in MONITORS.rules.groups
        for rule in group.rules
    ]
    return [*found[:-1], found[-1].model_copy(update=changes)]


def alert(*, firing: bool, since: datetime = LATER) -> ActiveAlert:
    return ActiveAlert(
        labels={"alertname": "CartFails", "onward_monitors": "x", "role": "cart"},
        firing=firing,
        since=since,
        value="4e+00",
        summary="4 carts fail",
    )


def test_silent_monitors_say_nothing_against_a_release() -> None:
    found = judge(MONITORS, rules(), ARRIVED, {}, {})
    assert (found.firing, found.pending, found.unknown) == ((), (), ())


def test_one_that_fires_is_told_with_labels_value_and_summary() -> None:
    found = judge(MONITORS, rules(alerts=(alert(firing=True),)), ARRIVED, {}, {})
    assert found.firing == ('CartFails fires {role="cart"} with value 4e+00: 4 carts fail',)


def test_one_that_is_pending_may_come_to_that() -> None:
    found = judge(MONITORS, rules(alerts=(alert(firing=False),)), ARRIVED, {}, {})
    assert (found.firing, len(found.pending)) == ((), 1)


def test_one_that_fires_since_before_the_release_has_to_end_first() -> None:
    """A fix comes while the alert of what it mends still fires."""
    old = alert(firing=True, since=ARRIVED - timedelta(seconds=1))
    found = judge(MONITORS, rules(alerts=(old,)), ARRIVED, {}, {})
    assert found.firing == ()
    assert found.pending[0].endswith("since before this release came")


@pytest.mark.parametrize("health", ["unknown", "err"])
def test_one_of_which_nothing_is_known_is_no_pass(health: str) -> None:
    found = judge(MONITORS, rules(health=health, error="many-to-many"), ARRIVED, {}, {})
    assert found.unknown == (f"CartFails: its health is {health}: many-to-many",)


def test_one_that_was_not_evaluated_during_the_bake_is_no_pass() -> None:
    after = {rule.key: LATER for rule in rules()}
    assert "CartFails: not evaluated since the bake began" in judge(MONITORS, rules(), ARRIVED, after, {}).unknown


@pytest.mark.parametrize("there", [rules()[:-1], [*rules(), rules()[0]], rules(version="other"), rules(group="other")])
def test_other_monitors_than_those_of_the_release_are_no_pass(there: list[JudgedRule]) -> None:
    (unknown,) = judge(MONITORS, there, ARRIVED, {}, {}).unknown
    assert "is not the 6 monitors of this release" in unknown


def test_what_a_rule_needs_is_what_its_expression_names_or_what_it_says_itself() -> None:
    rule = AlertRule(alert="A", expr='rate(a{b="c"}[1m]) > 0 and up == 1')
    assert measured(rule) == 'count(a{b="c"}) or count(up)'
    assert measured(rule.annotated({MEASURED: "b"})) == "count(b)"
    assert measured(AlertRule(alert="A", expr="vector(1)")) is None
    assert requests_seen(rule, 5) is None
    assert requests_seen(rule.annotated({REQUESTS: "n"}), 5) == (
        "clamp_min((sum(n) or vector(0)) - (sum(n offset 5s) or vector(0)), 0)"
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ('sum by (code) (rate(a{b="}"}[5m] offset 1h)) / on(x) group_left(y) c > bool 1.5e3', ['a{b="}"}', "c"]),
        ('{job="x"} or absent(up)', ['{job="x"}', "up"]),
        ("histogram_quantile(0.9, sum(rate(h_bucket[1m])) by (le))", ["h_bucket"]),
        ("count_over_time(a:b:rate5m[1h:1m]) unless ignoring (z) a:b:rate5m", ["a:b:rate5m"]),
        ('vector(1) > 0 and time() > 5 or label_replace(up, "x", "$1", "y", "(.*)") == -Inf', ["up"]),
        ("", []),
    ],
)
def test_the_series_that_an_expression_names_are_found(expression: str, expected: list[str]) -> None:
    assert selectors(expression) == expected


def test_what_a_deploy_cannot_end_and_was_there_before_says_nothing_of_the_release() -> None:
    before = ARRIVED - timedelta(hours=1)
    old = judge(MONITORS, rules(alerts=(alert(firing=True, since=before),)), ARRIVED, {}, {"CartFails": ARRIVED})
    new = judge(MONITORS, rules(alerts=(alert(firing=True),)), ARRIVED, {}, {"CartFails": ARRIVED})

    assert (old.firing, old.pending) == ((), ())
    assert len(new.firing) == 1


def test_a_job_that_a_new_schedule_makes_late_at_once_is_not_its_release_s_fault() -> None:
    """It ran on demand until now; a run that fails during the bake is another matter."""
    job = definition("kind: batch\nbatch: {every: 6h, timeout: 1h}\n")
    assert excused(job, ARRIVED) == {"RunFailed": ARRIVED, "RunLate": ARRIVED + timedelta(hours=7)}
    assert excused(definition(), ARRIVED) == {}

    found = {
        name: judge(MONITORS, rules(name=name, alerts=(alert(firing=True),)), ARRIVED, {}, excused(job, ARRIVED))
        for name in ("RunFailed", "RunLate")
    }

    assert (len(found["RunFailed"].firing), found["RunLate"].firing) == (1, ())


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up == 0", timedelta(0)),
        ("rate(a[1m]) / rate(b[1m30s]) > 0", timedelta(seconds=90)),
        ("max_over_time(rate(a[500ms])[1d:15s])", timedelta(days=1)),
        ('count(a{path="[5w]"})', timedelta(0)),
    ],
)
def test_how_far_an_expression_looks_back(expression: str, expected: timedelta) -> None:
    assert looks_back(expression) == expected
