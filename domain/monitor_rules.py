"""A Prometheus rule file as a model, in which the environment is left open: the same file serves ci and prod.

A monitor is an alerting rule. ``ONWARD_ENVIRONMENT``, ``ONWARD_APPLICATION`` and ``ONWARD_ROLE``
stand for what the variables of these names hold in the service's own containers.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from domain.environment import Environment
from domain.identity import ServiceId

ENVIRONMENT = "ONWARD_ENVIRONMENT"
APPLICATION = "ONWARD_APPLICATION"
ROLE = "ONWARD_ROLE"

#: Labels that Onward gives every monitor, and so nobody else does.
CANONICAL = ("environment", "application", "role")

#: Annotations that Onward reads: what must have a series in the bake, and a counter of what it saw.
MEASURED = "onward_measured"
REQUESTS = "onward_requests"
#: Which monitors these are: written when they are installed.
VERSION = "onward_monitors"

EXPRESSION_LIMIT = 4000

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
_PARTS = re.compile(r"(\d+)(ms|[smhdwy])")


def _duration(text: str) -> str:
    if not text or _PARTS.sub("", text):
        raise ValueError("a duration of Prometheus, such as 30s or 1h30m")
    return text


PromDuration = Annotated[str, AfterValidator(_duration)]
Labels = dict[Annotated[str, Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$", description="a label's name")], str]


def seconds_of(duration: str) -> timedelta:
    """How long a duration of Prometheus is."""
    return timedelta(seconds=sum(int(number) * _UNITS[unit] for number, unit in _PARTS.findall(duration)))


class PrometheusSection(BaseModel):
    """A part of a file of Prometheus; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    def plain(self) -> dict[str, Any]:
        """As it stands in a file: nothing that was not said."""
        return self.model_dump(by_alias=True, exclude_unset=True)


class AlertRule(PrometheusSection):
    """One monitor."""

    alert: str = Field(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]{0,99}$", description="letters, digits and underscores")
    expr: str = Field(min_length=1, max_length=EXPRESSION_LIMIT)
    for_: PromDuration = Field(default="0s", alias="for")
    labels: Labels = Field(default_factory=dict)
    annotations: Labels = Field(default_factory=dict)

    def labelled(self, labels: dict[str, str]) -> AlertRule:
        """The same with more labels."""
        return AlertRule.model_validate(self.plain() | {"labels": self.labels | labels})

    def annotated(self, annotations: dict[str, str]) -> AlertRule:
        """The same with more annotations."""
        return AlertRule.model_validate(self.plain() | {"annotations": self.annotations | annotations})


class RuleGroup(PrometheusSection):
    """Rules that are judged one after the other."""

    name: str = Field(min_length=1, max_length=100)
    interval: PromDuration | None = None
    rules: tuple[AlertRule, ...] = Field(min_length=1)


class RuleFile(PrometheusSection):
    """A whole file."""

    groups: tuple[RuleGroup, ...] = Field(min_length=1)

    @property
    def rules(self) -> list[AlertRule]:
        """All of it, in order."""
        return [rule for group in self.groups for rule in group.rules]

    def labelled(self, labels: dict[str, str]) -> RuleFile:
        """The same with more labels on each rule."""
        return self._each(lambda rule: rule.labelled(labels))

    def annotated(self, annotations: dict[str, str]) -> RuleFile:
        """The same with more annotations on each rule."""
        return self._each(lambda rule: rule.annotated(annotations))

    def _each(self, change: Any) -> RuleFile:
        return RuleFile(
            groups=tuple(
                group.model_copy(update={"rules": tuple(change(rule) for rule in group.rules)}) for group in self.groups
            )
        )


def canonical_labels(service: ServiceId) -> dict[str, str]:
    """The labels of each monitor of a service; the environment is still open."""
    return dict(zip(CANONICAL, (ENVIRONMENT, service.application, service.role), strict=True))


def of_service(content: bytes, service: ServiceId) -> bytes:
    """The content of a file of a service's own, with its names in it."""
    return content.replace(APPLICATION.encode(), service.application.encode()).replace(
        ROLE.encode(), service.role.encode()
    )


def of_environment(text: str, environment: Environment) -> str:
    """A text with the environment in it."""
    return text.replace(ENVIRONMENT, environment.value)


def as_yaml(section: PrometheusSection) -> str:
    """The text of a file; the same for the same content."""
    return str(yaml.safe_dump(section.plain(), sort_keys=True, allow_unicode=True, width=10_000))


def rules_from(text: str) -> RuleFile:
    """The reverse of :func:`as_yaml`."""
    return RuleFile.model_validate(yaml.safe_load(text))
