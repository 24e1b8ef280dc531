"""All monitors of one version of a service: an artifact of its release, the same for ci and prod."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.artifact import Digest
from domain.environment import Environment
from domain.identity import ServiceId, canonical_name
from domain.monitor_files import OwnMonitors
from domain.monitor_questions import questions
from domain.monitor_rules import (
    VERSION,
    RuleFile,
    RuleGroup,
    as_yaml,
    canonical_labels,
    of_environment,
    rules_from,
)
from domain.monitor_tests import TestFile
from domain.service import ServiceDefinition
from domain.standard_monitors import standard_monitors

STANDARD = "standard"

#: What promtool calls the file of rules, and the tests of the standard ones.
RULES_FILE = "rules.yaml"
STANDARD_TESTS = "standard_test.yaml"

#: Between two looks of promtool at the standard monitors: half of the shortest time for which one of them has to hold.
LOOK = "15s"


@dataclass(frozen=True)
class MonitorSet:
    """``rules``: the text of a rule file in which the environment is open. ``tests``: name → text of promtool's files.

    ``origins``: monitor → the file that it is from, as people know it. ``asked``: monitor and annotation →
    what Onward asks Prometheus because of it.
    """

    rules: str
    tests: Mapping[str, str]
    origins: Mapping[str, str]
    asked: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many monitors these are."""
        return len(self.origins)


def monitors_of(definition: ServiceDefinition, files: Mapping[str, bytes]) -> MonitorSet:
    """The standard monitors of a service, then its own.

    :param files: name → content of the YAML files of its ``monitors`` directory; none without one.
    :raises InvalidMonitors: what is wrong in them, file by file.
    """
    service, labels = definition.service, canonical_labels(definition.service)
    standard = standard_monitors(definition)
    groups = [RuleGroup(name=STANDARD, rules=tuple(each.rule for each in standard))] if standard else []
    origins = {each.rule.alert: "the standard monitors" for each in standard}
    tests: dict[str, str] = {}
    if standard:
        generated = TestFile(evaluation_interval=LOOK, tests=tuple(test for each in standard for test in each.tests))
        tests[STANDARD_TESTS] = as_yaml(generated.ready(RULES_FILE, "standard", labels))
    if definition.monitors:
        own = OwnMonitors(service, definition.monitors, files, frozenset(origins))
        for file, found in own.rules.items():
            groups += [group.model_copy(update={"name": f"{file}: {group.name}"}) for group in found.groups]
            origins |= {rule.alert: own.where(rule.alert) for rule in found.rules}
        for file, tested in own.tests.items():
            tests[f"own-{file}"] = as_yaml(tested.ready(RULES_FILE, f"{definition.monitors}/{file}", labels))
    every = [rule for group in groups for rule in group.rules]
    return MonitorSet(
        rules=as_yaml(RuleFile(groups=tuple(groups)).labelled(labels)) if groups else "",
        tests=tests,
        origins=origins,
        asked={(rule.alert, name): query for rule in every for name, query in questions(rule).items()},
    )


@dataclass(frozen=True)
class InstalledMonitors:
    """The monitors of a service as one environment's Prometheus gets them.

    ``number``: the release that they are of. ``version``: tells other monitors from these.
    """

    environment: Environment
    service: ServiceId
    number: int
    version: str
    rules: RuleFile | None

    @property
    def name(self) -> str:
        """The canonical name, which is the file's."""
        return canonical_name(self.environment, self.service)

    @property
    def text(self) -> str:
        """The content of the file, below its first line."""
        return as_yaml(self.rules) if self.rules else "groups: []\n"


def installed(
    text: str, environment: Environment, service: ServiceId, number: int, digest: Digest
) -> InstalledMonitors:
    """What is installed of an artifact.

    :param text: of the artifact; ``digest`` is that of its bytes.
    """
    version = digest.partition(":")[2][:16]
    rules = rules_from(of_environment(text, environment)).annotated({VERSION: version}) if text else None
    return InstalledMonitors(environment=environment, service=service, number=number, version=version, rules=rules)
