"""A service's integration tests, as its ``service.yaml`` declares them."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import Field

from domain.definition_values import InsideContext, InsidePath, Section
from domain.duration import Duration


class SuiteBuild(Section):
    """How the suite image is made; ``dockerfile`` is relative to the context.

    ``timeout`` bounds one run of the suite in a regression.
    """

    context: InsidePath = Field(description="the suite's directory")
    dockerfile: InsideContext = "Dockerfile"
    timeout: Duration = Field(default=timedelta(minutes=10), ge=timedelta(seconds=1), le=timedelta(hours=2))


class Smoke(Section):
    """The cases of the suite that are safe to run in prod, as a shell-style pattern."""

    case: str = Field(min_length=1, max_length=200, description="a shell-style pattern such as test_smoke*")


class RetiredCase(Section):
    """Cases of the service's previous suite that this version breaks on purpose."""

    case: str = Field(min_length=1, max_length=200, description="a shell-style pattern such as test_total*")
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)


class QuarantinedCase(Section):
    """Cases of the service's own suite that fail now and then: until a day, they fail nothing."""

    case: str = Field(min_length=1, max_length=200, description="a shell-style pattern such as test_total*")
    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    until: date = Field(description="the last day that it counts, such as 2026-12-31")


class Tests(Section):
    """The service's integration tests."""

    integration: SuiteBuild = Field(description="how the suite image is made")
    smoke: Smoke | None = None
    retired: tuple[RetiredCase, ...] = ()
    quarantined: tuple[QuarantinedCase, ...] = ()
