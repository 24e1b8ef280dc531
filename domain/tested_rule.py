"""A rule of a standard monitor beside the tests of its logic."""

from __future__ import annotations

from dataclasses import dataclass

from domain.monitor_rules import AlertRule
from domain.monitor_tests import UnitTest


@dataclass(frozen=True)
class TestedRule:
    """A rule and what shows that it fires when it should, and only then."""

    __test__ = False  # no test of pytest's

    rule: AlertRule
    tests: tuple[UnitTest, ...]
