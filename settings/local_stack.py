"""Where the local stack keeps its state, and which ports it takes."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.environment import Environment
from settings.values import ACME_ROOTS, REMIND_EVERY, RemindEvery, variable


class StackSettings(BaseSettings):
    """The local stack: where it keeps its state and which ports it takes."""

    model_config = SettingsConfigDict(env_prefix="ONWARD_", frozen=True, extra="ignore")

    state_directory: Path = Field(default=Path(".onward"), description="data, logs and keys of the local stack")
    machine_directory: Path = Field(
        default=Path("~/.local/state/onward"),
        description="what all stacks of this machine share: a Docker Engine that Onward started, pulls that failed, "
        "the example's driver",
    )
    docker_host: str = Field(
        default="unix:///var/run/docker.sock", description="the Docker Engine; started if none answers and we may"
    )
    temporal_port: int = Field(default=7233, description="Temporal's gRPC port")
    temporal_ui_port: int = Field(default=8233, description="the Temporal Web UI")
    s3_port: int = Field(default=8333, description="S3 (SeaweedFS)")
    sqs_port: int = Field(default=9324, description="queues (SQS, by ministack)")
    registry_port: int = Field(default=5005, description="the image registry")
    prometheus_port: int = Field(default=9090, description="Prometheus")
    edge_ci_port: int = Field(default=8081, description="the edge proxy of ci")
    edge_prod_port: int = Field(default=8080, description="the edge proxy of prod")
    edge_ci_metrics_port: int = Field(default=8091, description="metrics of the edge proxy of ci")
    edge_prod_metrics_port: int = Field(default=8090, description="metrics of the edge proxy of prod")
    edge_ci_tls_port: int = Field(default=8444, description="TLS at the edge proxy of ci, with a domain")
    edge_prod_tls_port: int = Field(default=8443, description="TLS at the edge proxy of prod, with a domain")
    edge_ci_domain: str = Field(default="", description="the domain of ci's edge, for its certificate; no TLS without")
    edge_prod_domain: str = Field(
        default="", description="the domain of prod's edge, for its certificate; no TLS without"
    )
    acme_email: str = Field(default="", description="whom the certificate authority writes to; needed with a domain")
    acme_server: str = Field(default="", description="the ACME directory; that of Let's Encrypt without")
    acme_roots: Path = Field(default=Path(), description=ACME_ROOTS)
    worker_metrics_port: int = Field(default=9464, description="first of four ports with the workers' metrics")
    exporter_port: int = Field(default=9468, description="first of two ports at which workers tell of replicas")
    internal_port: int = Field(
        default=18300,
        description="first of ten ports that parts use among themselves; one more is 10000 above the last",
    )
    channels: Path = Field(
        default=Path(), description="ci duty: file of the channels that on-call is told through; nobody is told without"
    )
    remind_every: RemindEvery = Field(default=timedelta(minutes=15), description=REMIND_EVERY)
    otlp_endpoint: str = Field(default="", description="OTLP gRPC endpoint for traces; none are sent without")

    @property
    def state(self) -> Path:
        """The state directory, absolute."""
        return self.state_directory.resolve()

    @property
    def machine(self) -> Path:
        """The machine directory, absolute."""
        return self.machine_directory.expanduser().resolve()

    @property
    def name(self) -> str:
        """The stack's own name: a digest of where its state is, so that two never share one."""
        return hashlib.sha256(str(self.state).encode()).hexdigest()[:8]

    def edge_port(self, environment: Environment) -> int:
        """The port of an environment's edge proxy."""
        return self.edge_ci_port if environment is Environment.CI else self.edge_prod_port

    def edge_metrics_port(self, environment: Environment) -> int:
        """The port of an edge proxy's metrics."""
        return self.edge_ci_metrics_port if environment is Environment.CI else self.edge_prod_metrics_port

    def environment(self) -> dict[str, str]:
        """The variables that make another process read these same settings."""
        return {variable(name): str(value) for name, value in self.model_dump().items()}
