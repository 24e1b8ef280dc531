"""The two environments, and how far a service may differ between them (DESIGN: parity)."""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.key_fault import key_fault

Setting = TypeVar("Setting")


class Environment(StrEnum):
    """A build- and run-time identifier; never part of what a service *is*."""

    CI = "ci"
    PROD = "prod"


#: The order in which a release reaches them.
ENVIRONMENTS = (Environment.CI, Environment.PROD)


class Scale(BaseModel):
    """How many replicas a service may have in one environment; both bounds are inclusive."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min: int = Field(default=1, ge=1, le=1000)
    max: int = Field(default=1, ge=1, le=1000)

    @model_validator(mode="after")
    def _ordered(self) -> Scale:
        if self.max < self.min:
            raise key_fault("max", value=self.max, expected=f"at least min, which is {self.min}")
        return self

    def clamp(self, replicas: int | None) -> int:
        """Keep what runs now when the limits allow it; ``None`` means nothing runs yet."""
        return self.min if replicas is None else max(self.min, min(self.max, replicas))


class PerEnvironment(BaseModel, Generic[Setting]):
    """A value that may differ between ``ci`` and ``prod``.

    The parity rule holds by construction: only ``scale`` and ``config`` of a definition have
    this type, so nothing else *can* differ.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ci: Setting
    prod: Setting

    def of(self, environment: Environment) -> Setting:
        """The value for one environment."""
        return self.ci if environment is Environment.CI else self.prod
