"""The only reader of environment variables. Everything else gets values.

Each group has a prefix; ``docs/settings.md`` lists them all (a test compares the two).
"""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.duration import Duration
from domain.duty_keys import KEYS, refuse_keys, refuse_shared_backups
from domain.environment import Environment
from domain.identity import Duty

LOOPBACK = "127.0.0.1"

#: Where Docker puts the secrets of a container.
SECRETS = Path("/run/secrets")

RemindEvery = Annotated[Duration, Field(ge=timedelta(seconds=1))]
_REMIND_EVERY = "orchestrate duty: how often on-call is told again until somebody has acknowledged, as 90s or 1h30m"
_OF_SEVERAL = "ci and prod duty, where it has several workers, and the same for all of them, with commas:"
_ACME_ROOTS = "file of certificates (PEM) by which the edge knows a private ACME server; the public ones without"

#: What a part of the local stack may inherit: where things are, and nothing that could be a key.
_INHERITED = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR")

#: What git needs on top of that, for the build duty only.
_GIT = ("SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "GIT_SSH_COMMAND", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def inherited_environment() -> dict[str, str]:
    """The variables of this process that a part of the local stack may have."""
    return {name: os.environ[name] for name in _INHERITED if name in os.environ}


def git_environment() -> dict[str, str]:
    """The variables of this process that git may need to reach a repository."""
    return {name: os.environ[name] for each in _GIT for name in (each, each.lower()) if name in os.environ}


def _variable(name: str) -> str:
    return f"ONWARD_{name.upper()}"


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
    acme_roots: Path = Field(default=Path(), description=_ACME_ROOTS)
    worker_metrics_port: int = Field(default=9464, description="first of four ports with the workers' metrics")
    exporter_port: int = Field(default=9468, description="first of two ports at which workers tell of replicas")
    internal_port: int = Field(
        default=18300,
        description="first of ten ports that parts use among themselves; one more is 10000 above the last",
    )
    channels: Path = Field(
        default=Path(), description="ci duty: file of the channels that on-call is told through; nobody is told without"
    )
    remind_every: RemindEvery = Field(default=timedelta(minutes=15), description=_REMIND_EVERY)
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
        return {_variable(name): str(value) for name, value in self.model_dump().items()}


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


class EdgeSettings(BaseSettings):
    """How a duty's edge is to run, where ``onward env apply`` makes it; none is made without an image."""

    model_config = SettingsConfigDict(env_prefix="ONWARD_EDGE_", frozen=True, extra="ignore")

    image: str = Field(default="", description="image of Traefik for `onward env apply`; without it no edge is made")
    port: int = Field(default=80, description="the edge's port for HTTP")
    metrics_port: int = Field(default=8001, description="the edge's port for its metrics")
    metrics_address: str = Field(
        default="", description="host:port at which Prometheus reaches the edge's metrics; it does not ask them without"
    )
    tls_port: int = Field(default=443, description="the edge's port for TLS, with a domain")
    domain: str = Field(default="", description="the domain that the edge gets a certificate for; no TLS without")
    acme_email: str = Field(default="", description="whom the certificate's server writes to, with a domain")
    acme_server: str = Field(default="", description="directory of the ACME server; empty for Let's Encrypt")
    acme_roots: Path = Field(default=Path(), description=_ACME_ROOTS)

    @model_validator(mode="after")
    def _somebody_answers(self) -> Self:
        if self.domain and not self.acme_email:
            raise ValueError("ONWARD_EDGE_DOMAIN needs ONWARD_EDGE_ACME_EMAIL: whom the certificate's server writes to")
        return self


class WorkerSettings(ClientSettings):
    """What one worker needs; which of the keys it may hold depends on its duty.

    In a container a key may also be a file ``/run/secrets/<variable in lower case>``.
    """

    model_config = SettingsConfigDict(secrets_dir=SECRETS if SECRETS.is_dir() else None)

    stack: str = Field(
        default="main", pattern=r"^[a-z0-9]{1,16}$", description="label of everything this Onward deploys"
    )
    s3_endpoint: str = Field(default="", description="S3 endpoint; empty for AWS; reachable from containers too")
    s3_region: str = Field(default="us-east-1", description="S3 region, and that of the queues")
    sqs_endpoint: str = Field(default="", description="SQS endpoint; empty for AWS; reachable from containers too")
    s3_bucket: str = Field(default="onward", description="the bucket with manifests, logs, sets and sources")
    backup_bucket: str = Field(
        default="",
        description="ci and prod duty: the bucket of the environment's backups, which no other duty's key may read; "
        "a datastore with `backup` is not deployed without",
    )
    s3_access_key: SecretStr = Field(default=SecretStr(""), description="S3 access key of this duty")
    s3_secret_key: SecretStr = Field(default=SecretStr(""), description="S3 secret key of this duty")
    registry: str = Field(default=f"{LOOPBACK}:5005", description="host[:port] of the image registry")
    registry_tls: bool = Field(default=False, description="speak TLS to the registry")
    build_docker_host: str = Field(default="", description="build duty: the build engine")
    signing_key: Path = Field(default=Path(), description="build duty: private key that signs manifests (PEM)")
    trusted_keys: Path = Field(
        default=Path(),
        description="directory of public keys (*.pem) whose manifests are deployed; "
        "its directory verdicts has those whose verdicts are believed",
    )
    verdict_key: Path = Field(default=Path(), description="ci duty: private key that signs verdicts (PEM)")
    channels: Path = Field(
        default=Path(), description="ci duty: file of the channels that on-call is told through; nobody is told without"
    )
    ci_docker_host: str = Field(default="", description="ci duty: a manager of the ci swarm")
    prod_docker_host: str = Field(default="", description="prod duty: a manager of the prod swarm")
    prometheus_url: str = Field(default="", description="where monitors are judged; none is asked about without")
    rules_directory: Path = Field(
        default=Path(),
        description="ci and prod duty: where the environment's Prometheus reads the rules of monitors (*.yml) and "
        "what it is to ask (targets-ENVIRONMENT.json); neither is written without",
    )
    exporter_address: str = Field(
        default="",
        description="ci and prod duty: host:port for the replicas of services, as Prometheus reaches it; none without",
    )
    exporter_addresses: str = Field(default="", description=f"{_OF_SEVERAL} `ONWARD_EXPORTER_ADDRESS` of each of them")
    endpoint_mode: str = Field(default="dnsrr", pattern="^(dnsrr|vip)$", description="swarm endpoint mode")
    slots: int = Field(default=32, ge=1, le=500, description="activities at once, for the ci and prod duties")
    build_slots: int = Field(default=6, ge=1, le=100, description="activities at once, for the build duty")
    metrics_address: str = Field(
        default="", description="host:port for the worker's metrics, where Prometheus reaches it; none without"
    )
    metrics_addresses: str = Field(default="", description=f"{_OF_SEVERAL} `ONWARD_METRICS_ADDRESS` of each of them")
    remind_every: RemindEvery = Field(default=timedelta(minutes=15), description=_REMIND_EVERY)

    @property
    def edge(self) -> EdgeSettings:
        """How this duty's edge is to run."""
        return EdgeSettings()

    def docker_host(self, duty: Duty) -> str:
        """The engine of a duty."""
        hosts = {Duty.BUILD: self.build_docker_host, Duty.CI: self.ci_docker_host, Duty.PROD: self.prod_docker_host}
        return hosts[duty]

    def only(self, duty: Duty) -> Self:
        """These settings without the keys of other duties: for several duties in one process."""
        foreign = {name: type(self).model_fields[name].default for name, duties in KEYS.items() if duty not in duties}
        return self.model_copy(update=foreign)

    def checked_for(self, duty: Duty) -> Self:
        """These settings, if they hold every key that the duty needs and no key of another.

        :raises InvalidInput: naming each variable that is missing, must not be there, or makes another's key fit.
        """
        refuse_shared_backups(self.s3_bucket, self.backup_bucket, _variable("backup_bucket"))
        fields = type(self).model_fields
        refuse_keys(duty, {name for name in KEYS if getattr(self, name) != fields[name].default}, _variable)
        return self
