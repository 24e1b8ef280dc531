"""What a worker needs, by its duty, and how the edge of its environment is to run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.duty_keys import KEYS, refuse_keys, refuse_shared_backups
from domain.identity import Duty
from settings.client import ClientSettings
from settings.values import ACME_ROOTS, LOOPBACK, REMIND_EVERY, RemindEvery, variable

#: Where Docker puts the secrets of a container.
SECRETS = Path("/run/secrets")

_OF_SEVERAL = "ci and prod duty, where it has several workers, and the same for all of them, with commas:"


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
    acme_roots: Path = Field(default=Path(), description=ACME_ROOTS)

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
    remind_every: RemindEvery = Field(default=timedelta(minutes=15), description=REMIND_EVERY)

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
        refuse_shared_backups(self.s3_bucket, self.backup_bucket, variable("backup_bucket"))
        fields = type(self).model_fields
        refuse_keys(duty, {name for name in KEYS if getattr(self, name) != fields[name].default}, variable)
        return self
