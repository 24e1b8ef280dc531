"""What the command line needs, and what its listener needs on top."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class ClientSettings(BaseSettings):
    """What the CLI needs; the Temporal connection itself is a ``temporalio.envconfig`` profile
    (``TEMPORAL_ADDRESS``, ``TEMPORAL_NAMESPACE``, ``TEMPORAL_PROFILE``, TLS, API key)."""

    model_config = SettingsConfigDict(env_prefix="ONWARD_", frozen=True, extra="ignore")

    temporal_ui_url: str = Field(default="", description="base URL of the Temporal Web UI, for links")
    edge_ci_url: str = Field(default="", description="base URL of the edge of ci, for links")
    edge_prod_url: str = Field(default="", description="base URL of the edge of prod, for links")
    otlp_endpoint: str = Field(default="", description="OTLP gRPC endpoint for traces; none are sent without")


class ListenSettings(BaseSettings):
    """What ``onward listen`` needs on top of that."""

    model_config = SettingsConfigDict(env_prefix="ONWARD_", frozen=True, extra="ignore")

    listen_token: SecretStr = Field(
        default=SecretStr(""), description="the bearer token that Alertmanager must show; none is asked for without"
    )
