"""What a service is, and the names of all that it has.

IDs of workflows are in :mod:`domain.workflow_ids`, queues and buckets in :mod:`domain.resource_names`, names in
slices in :mod:`domain.slice_names`, of data in :mod:`domain.data_names`, keys of the store in :mod:`domain.keys`.

A string with a hyphen, a colon or a slash built elsewhere is a bug.

A canonical name ``<environment>-<application>-<role>`` parses back because an application has
no hyphen; it is a DNS label (RFC 1123), so it has at most 63 characters.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.environment import Environment

APPLICATION_PATTERN = r"^[a-z][a-z0-9]{0,19}$"
ROLE_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
COMMIT_PATTERN = r"^[0-9a-f]{40}$"
CANONICAL_NAME_LIMIT = 63
SECRET_NAME_LIMIT = 64
LONGEST_ENVIRONMENT = max(len(environment) for environment in Environment)


class Duty(StrEnum):
    """What one worker process is for; it holds the keys of its duty and no others."""

    ORCHESTRATE = "orchestrate"
    BUILD = "build"
    CI = "ci"
    PROD = "prod"


class ServiceId(BaseModel):
    """Application + role: what a service *is*, in every environment."""

    model_config = ConfigDict(frozen=True)

    application: str = Field(pattern=APPLICATION_PATTERN)
    role: str = Field(pattern=ROLE_PATTERN)

    @model_validator(mode="after")
    def _is_a_dns_label(self) -> ServiceId:
        limit = role_limit(self.application)
        if len(self.role) > limit:
            raise ValueError(f"a role of at most {limit} characters in {self.application}, not {len(self.role)}")
        return self

    def __str__(self) -> str:
        return f"{self.application}-{self.role}"

    @classmethod
    def parse(cls, text: str) -> ServiceId:
        """``shop-cart`` → application ``shop``, role ``cart``; ``ValueError`` when it is neither."""
        application, _, role = text.partition("-")
        return cls(application=application, role=role)


def role_limit(application: str) -> int:
    """How many characters a role may have, so that each of its canonical names is a DNS label."""
    return CANONICAL_NAME_LIMIT - len(f"{application}--") - LONGEST_ENVIRONMENT


def canonical_name(environment: Environment, service: ServiceId) -> str:
    """``prod-shop-cart``: every resource, container, DNS name, metric label and rule file."""
    return f"{environment}-{service}"


def parse_canonical_name(name: str) -> tuple[Environment, ServiceId]:
    """The reverse of :func:`canonical_name`; ``ValueError`` when the text is no such name."""
    environment, _, service = name.partition("-")
    return Environment(environment), ServiceId.parse(service)


def batch_run_name(environment: Environment, service: ServiceId, workflow: str, run: str) -> str:
    """The swarm service of one run, ``run-1a2b3c4d5e-prod-shop-report``: a second attempt finds its own."""
    digest = hashlib.sha256(f"{workflow}/{run}".encode()).hexdigest()[:10]
    return f"run-{digest}-{canonical_name(environment, service)}"[:CANONICAL_NAME_LIMIT].rstrip("-")


def duty_of(environment: Environment) -> Duty:
    """The duty that holds an environment's engine."""
    return Duty(environment.value)


def image_repository(service: ServiceId) -> str:
    """The registry repository of a service's image: ``shop/cart``."""
    return f"{service.application}/{service.role}"


def suite_repository(service: ServiceId) -> str:
    """The registry repository of a service's suite image; a role cannot hold a slash."""
    return f"{service.application}/{service.role}/suite"


def application_network(environment: Environment, application: str) -> str:
    """``ci-shop``: the services of one application in one environment see each other here."""
    return f"{environment}-{application}"


def data_network(environment: Environment, application: str) -> str:
    """``ci-shop-data``: where the application's datastores are reached."""
    return f"{environment}-{application}-data"


def edge_network(stack: str, environment: Environment) -> str:
    """The network between an environment's edge proxy and the services with an ingress."""
    return f"onward-{stack}-{environment}-edge"


def edge_bucket(stack: str, environment: Environment) -> str:
    """The bucket in which the edge reads where each site is; no canonical name has a dot."""
    return f"{environment}-routes.{stack}"


def backup_bucket(stack: str, environment: Environment) -> str:
    """The bucket that a local stack keeps an environment's backups in.

    No canonical name begins so: whoever may use all buckets of an environment by their names may not use this one.
    """
    return f"backups-{environment}.{stack}"


def edge_name(stack: str, environment: Environment) -> str:
    """The swarm service of an environment's edge proxy."""
    return f"onward-{stack}-{environment}-traefik"


def certificates_volume(stack: str, environment: Environment) -> str:
    """Where an environment's edge keeps its certificates."""
    return f"onward-{stack}-{environment}-certificates"


def acme_roots(stack: str, environment: Environment) -> str:
    """What the names of the swarm configs begin with by which an edge knows its ACME server; a digest follows."""
    return f"onward-{stack}-{environment}-acme-roots-"


def part_name(stack: str, part: str) -> str:
    """The container of a part of a local stack, where the part has no process of its own."""
    return f"onward-{stack}-{part}"


def secret_limit(service: ServiceId) -> int:
    """How many characters a secret's name may have, so that swarm takes it in each environment."""
    return SECRET_NAME_LIMIT - len(f"{service}--") - LONGEST_ENVIRONMENT


def secret_name(environment: Environment, service: ServiceId, secret: str) -> str:
    """The swarm secret that a service's ``secrets:`` entry names."""
    return f"{canonical_name(environment, service)}-{secret}"


def site_bucket(environment: Environment, service: ServiceId) -> str:
    """The bucket that a static service's files are served from."""
    return canonical_name(environment, service)


def url_variable(role: str) -> str:
    """``ONWARD_URL_<ROLE>``: how a suite finds a service; hyphens become underscores."""
    return "ONWARD_URL_" + role.upper().replace("-", "_")


def build_tag(inputs: str) -> str:
    """The tag that a build is pushed under: names its inputs; deploys go by digest only."""
    return "inputs-" + inputs.partition(":")[2][:16]


def smoke_name(environment: Environment, service: ServiceId, number: int) -> str:
    """The container that runs a release's smoke cases."""
    return f"{canonical_name(environment, service)}-smoke-{number}"
