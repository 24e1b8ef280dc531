"""The rules and tests that a service brings in its ``monitors`` directory, read strictly."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain import strict_yaml
from domain.errors import InvalidMonitors
from domain.identity import ServiceId
from domain.monitor_rules import CANONICAL, ENVIRONMENT, VERSION, AlertRule, PrometheusSection, RuleFile, of_service
from domain.monitor_tests import TestFile
from domain.strict_yaml import Document, Path, YamlError

SUFFIXES = (".yaml", ".yml")
TESTS = ("_test.yaml", "_test.yml")

FILES_LIMIT = 20
SIZE_LIMIT = 64 * 1024
RULES_LIMIT = 100
FAULTS_LIMIT = 20

Model = TypeVar("Model", bound=PrometheusSection)


class OwnMonitors:
    """What the directory holds: rule files and test files by name, with the service's names in them.

    :param files: name → content of each YAML file of the directory.
    :param taken: names of monitors that are there already.
    :raises InvalidMonitors: with a line for each fault: what, where, what was expected.
    """

    def __init__(self, service: ServiceId, directory: str, files: Mapping[str, bytes], taken: frozenset[str]) -> None:
        self._service = service
        self._directory = directory
        self._taken = taken
        self._documents: dict[str, Document] = {}
        self._faults: list[str] = []
        self.rules: dict[str, RuleFile] = {}
        self.tests: dict[str, TestFile] = {}
        self._read(files)
        self._refuse_if_faulty()
        self._faults += [*self._faults_of_rules(), *self._faults_of_tests(), *self._untested()]
        self._refuse_if_faulty()

    def where(self, alert: str) -> str:
        """The file of a rule."""
        return next((self._shown(file) for file, found in self.rules.items() if alert in _names(found)), "")

    def _read(self, files: Mapping[str, bytes]) -> None:
        if len(files) > FILES_LIMIT:
            self._faults.append(f"{self._directory}: too many files; expected at most {FILES_LIMIT}")
            return
        for name, content in sorted(files.items()):
            if "/" in name:
                self._faults.append(
                    f"{self._shown(name)}: a file in a directory; expected it in {self._directory} itself"
                )
            elif name.endswith(TESTS):
                self._add(self.tests, name, content, TestFile)
            else:
                self._add(self.rules, name, content, RuleFile)
        if not self.rules and not self._faults:
            self._faults.append(f"{self._directory}: no rules; expected files *.yaml with groups of alerting rules")

    def _add(self, found: dict[str, Model], name: str, content: bytes, model: type[Model]) -> None:
        if len(content) > SIZE_LIMIT:
            self._faults.append(f"{self._shown(name)}: too large; expected at most {SIZE_LIMIT // 1024} KiB")
            return
        try:
            document = strict_yaml.load(of_service(content, self._service))
            self._documents[name] = document
            found[name] = model.model_validate_json(json.dumps(document.value), strict=True)
        except YamlError as error:
            fault = error.fault
            self._fault(name, fault.line, fault.path, fault.problem, fault.expected)
        except ValidationError as error:
            details = error.errors()
            for detail in [each for each in details if each["type"] != "too_short" or _is_deepest(each, details)]:
                self._fault(name, document.line_of(detail["loc"]), detail["loc"], *_told(detail))

    def _faults_of_rules(self) -> Iterator[str]:
        seen = dict.fromkeys(self._taken, "among the standard monitors")
        count = sum(len(found.rules) for found in self.rules.values())
        if count > RULES_LIMIT:
            yield f"{self._directory}: {count} rules; expected at most {RULES_LIMIT}"
        for file, found in self.rules.items():
            for g, group in enumerate(found.groups):
                for r, rule in enumerate(group.rules):
                    line = self._documents[file].line_of(("groups", g, "rules", r))
                    place = f"{self._shown(file)}:{line}: {rule.alert}"
                    if rule.alert in seen:
                        yield f"{place}: a second rule of this name; expected each once ({seen[rule.alert]})"
                    seen[rule.alert] = f"in {self._shown(file)}"
                    yield from (f"{place}: {fault}" for fault in self._faults_of(rule))

    def _faults_of(self, rule: AlertRule) -> Iterator[str]:
        for label in (*CANONICAL, "alertname"):
            if label in rule.labels:
                yield f"the label {label}; expected none of this name: Onward gives each monitor its own"
        if VERSION in rule.annotations:
            yield f"the annotation {VERSION}; expected none of this name: Onward writes it"
        literal = re.search(
            rf"\b(?:ci|prod)-{self._service.application}\b|\benvironment\s*=~?\s*[\"'](?:ci|prod)[\"']", rule.expr
        )
        if literal:
            yield f"{literal[0]}; expected {ENVIRONMENT}: the same rule serves ci and prod"

    def _faults_of_tests(self) -> Iterator[str]:
        known = {name for found in self.rules.values() for name in _names(found)} | self._taken
        for file, found in self.tests.items():
            for name in found.rule_files:
                if name not in self.rules:
                    yield f"{self._shown(file)}: rule_files: {name}; expected one of {', '.join(self.rules)}"
            for t, test in enumerate(found.tests):
                for c, check in enumerate(test.alert_rule_test):
                    if check.alertname not in known:
                        line = self._documents[file].line_of(("tests", t, "alert_rule_test", c))
                        place = f"{self._shown(file)}:{line}"
                        yield f"{place}: {check.alertname}; expected the name of a rule that is there"

    def _untested(self) -> Iterator[str]:
        checks = [check for found in self.tests.values() for test in found.tests for check in test.alert_rule_test]
        for file, found in self.rules.items():
            for name in _names(found):
                lacks = []
                if not any(check.alertname == name and check.exp_alerts for check in checks):
                    lacks.append("one in which it fires")
                if not any(check.alertname == name and not check.exp_alerts for check in checks):
                    lacks.append("one in which it does not")
                if lacks:
                    expected = f"{' and '.join(lacks)}, in a *_test.yaml"
                    yield f"{self._shown(file)}: {name}: too few tests; expected {expected}"

    def _fault(self, name: str, line: int, path: Path, problem: str, expected: str) -> None:
        key = ".".join(str(part) for part in path)
        self._faults.append(f"{self._shown(name)}:{line}: {f'{key}: ' if key else ''}{problem}; expected {expected}")

    def _shown(self, file: str) -> str:
        return f"{self._directory}/{file}"

    def _refuse_if_faulty(self) -> None:
        if self._faults:
            rest = [f"and {len(self._faults) - FAULTS_LIMIT} more"] if len(self._faults) > FAULTS_LIMIT else []
            raise InvalidMonitors(
                "\n".join([*self._faults[:FAULTS_LIMIT], *rest]), next="onward check DIR, once it is mended"
            )


def _names(found: RuleFile) -> list[str]:
    return [rule.alert for rule in found.rules]


def _is_deepest(detail: ErrorDetails, details: Sequence[ErrorDetails]) -> bool:
    """A list seems to have nothing in it when what is in it is wrong."""
    path = detail["loc"]
    return not any(each["loc"][: len(path)] == path for each in details if each is not detail)


def _told(detail: ErrorDetails) -> tuple[str, str]:
    """What is wrong, and what was expected."""
    if detail["type"] == "too_short":
        return "nothing in it", "a list with something in it"
    if detail["type"] == "missing":
        return "missing key", "a value"
    if detail["type"] == "extra_forbidden":
        return "unknown key", "a key of Prometheus' alerting rules or of promtool's unit tests (docs/monitors.md)"
    shown = json.dumps(detail["input"], default=str)
    expected = detail["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    if detail["type"] == "string_type":
        expected = "text; put it in quotes"
    return shown if len(shown) <= 80 else f"{shown[:77]}…", expected
