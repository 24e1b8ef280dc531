"""A file of promtool's unit tests as a model: series in, alerts out."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from domain.monitor_rules import Labels, PromDuration, PrometheusSection

#: Samples of one series: each takes memory of who runs the tests.
SAMPLES_LIMIT = 10_000


def _bounded(values: str) -> str:
    if sum(int(count) for count in re.findall(r"x(\d{1,18})", values)) > SAMPLES_LIMIT or re.search(r"x\d{19}", values):
        raise ValueError(f"at most {SAMPLES_LIMIT} samples")
    return values


class InputSeries(PrometheusSection):
    """One series and its samples, in promtool's notation: ``0+10x60``."""

    series: str = Field(min_length=1, max_length=1000)
    values: Annotated[str, AfterValidator(_bounded)] = Field(min_length=1, max_length=10_000)


class ExpectedAlert(PrometheusSection):
    """An alert that fires; its name is said beside it."""

    exp_labels: Labels = Field(default_factory=dict)
    exp_annotations: Labels = Field(default_factory=dict)


class AlertTest(PrometheusSection):
    """At a time exactly these alerts of a rule fire; none, if there are none."""

    eval_time: PromDuration
    alertname: str
    exp_alerts: tuple[ExpectedAlert, ...] = ()


class ExpectedSample(PrometheusSection):
    """A sample that an expression must give."""

    labels: str = "{}"
    value: float | int


class ExpressionTest(PrometheusSection):
    """At a time an expression gives exactly these samples."""

    expr: str
    eval_time: PromDuration
    exp_samples: tuple[ExpectedSample, ...] = ()


class UnitTest(PrometheusSection):
    """Series, and what follows from them."""

    name: str = Field(default="", max_length=200)
    interval: PromDuration = "1m"
    input_series: tuple[InputSeries, ...] = ()
    alert_rule_test: tuple[AlertTest, ...] = ()
    promql_expr_test: tuple[ExpressionTest, ...] = ()
    external_labels: Labels = Field(default_factory=dict)
    external_url: str = ""


class TestFile(PrometheusSection):
    """A whole file."""

    __test__ = False  # no test of pytest's

    rule_files: tuple[str, ...] = ()
    evaluation_interval: PromDuration = "1m"
    group_eval_order: tuple[str, ...] = ()
    tests: tuple[UnitTest, ...] = Field(min_length=1)

    def ready(self, rules: str, source: str, labels: dict[str, str]) -> TestFile:
        """The file as promtool gets it: about these rules, expecting their labels, each test with a name.

        :param rules: the rule file to test.
        :param source: what the test's file is called.
        """
        tests = tuple(
            _ready(test, f"{source}: {test.name or f'test {n}'}", labels) for n, test in enumerate(self.tests, 1)
        )
        return TestFile.model_validate(
            self.plain() | {"rule_files": [rules], "tests": [test.plain() for test in tests]}
        )


def _ready(test: UnitTest, name: str, labels: dict[str, str]) -> UnitTest:
    checks = [
        {
            **check.plain(),
            "exp_alerts": [each.plain() | {"exp_labels": labels | each.exp_labels} for each in check.exp_alerts],
        }
        for check in test.alert_rule_test
    ]
    plain = test.plain() | {"name": " ".join(name.split())}
    return UnitTest.model_validate(plain | ({"alert_rule_test": checks} if checks else {}))
