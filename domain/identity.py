"""Every derived name; those in slices are in :mod:`domain.slice_names`, of data in :mod:`domain.data_names`, keys of
the store in :mod:`domain.keys`.

A string with a hyphen, a colon or a slash built elsewhere is a bug.

A canonical name ``<environment>-<application>-<role>`` parses back because an application has
no hyphen; it is a DNS label (RFC 1123), so it has at most 63 characters.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field, model_validator

from domain.environment import Environment

APPLICATION_PATTERN = r"^[a-z][a-z0-9]{0,19}$"
ROLE_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
COMMIT_PATTERN = r"^[0-9a-f]{40}$"
CANONICAL_NAME_LIMIT = 63
SECRET_NAME_LIMIT = 64
BUCKET_NAME_LIMIT = 63
QUEUE_NAME_LIMIT = 80
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


# --- Temporal -------------------------------------------------------------------------------


def release_id(service: ServiceId, commit: str) -> str:
    """The workflow ID of a release: one per service and commit."""
    return f"release:{service}:{commit[:12]}"


def parse_release_id(text: str) -> tuple[ServiceId, str]:
    """Service and abbreviated commit of a release's workflow ID; ``ValueError`` otherwise."""
    match = re.fullmatch(r"release:([a-z0-9-]+):([0-9a-f]{12})", text)
    if match is None:
        raise ValueError(f"not a release ID: {text!r}")
    return ServiceId.parse(match[1]), match[2]


def gate_id(application: str) -> str:
    """The workflow ID of an application's gate."""
    return f"gate:{application}"


def parse_gate_id(text: str) -> str:
    """The application of a gate's workflow ID; ``ValueError`` otherwise."""
    match = re.fullmatch(r"gate:([a-z][a-z0-9]{0,19})", text)
    if match is None:
        raise ValueError(f"not a gate's ID: {text!r}")
    return match[1]


def candidate_key(release: str, run: str) -> str:
    """What the gate knows one run of a release by: a second run of it is another candidate."""
    return f"{release}@{run}"


def parse_candidate_key(key: str) -> tuple[str, str]:
    """Workflow ID and run ID of a :func:`candidate_key`."""
    release, _, run = key.partition("@")
    return release, run


def regression_id(release: str, test: int) -> str:
    """The workflow ID of the regression that a test of the gate asks of a release."""
    return f"regression:{release.partition(':')[2]}:{test}"


ROLL_FORWARD_PREFIX = "roll-forward:"


def roll_forward_id(service: ServiceId) -> str:
    """The workflow ID of a service's roll-forward: at most one is open, by Temporal's own rule."""
    return f"{ROLL_FORWARD_PREFIX}{service}"


def parse_roll_forward_id(text: str) -> ServiceId:
    """The service of a roll-forward's workflow ID; ``ValueError`` otherwise."""
    if not text.startswith(ROLL_FORWARD_PREFIX):
        raise ValueError(f"not a roll-forward's ID: {text!r}")
    return ServiceId.parse(text.removeprefix(ROLL_FORWARD_PREFIX))


def report_id(release: str, alert: str) -> str:
    """The workflow ID of a report from outside: the same alert about the same release is one.

    :param alert: what tells it from others: its fingerprint and when it began to fire.
    """
    return f"report:{release.partition(':')[2]}:{hashlib.sha256(alert.encode()).hexdigest()[:12]}"


def batch_id(environment: Environment, service: ServiceId) -> str:
    """The workflow ID of the queue of a batch job in one environment, and the ID of its schedule."""
    return f"batch:{canonical_name(environment, service)}"


BATCH_RUN_PREFIX = "run:"


def batch_run_id(environment: Environment, service: ServiceId, unique: str) -> str:
    """The workflow ID of a run on demand; to that of a scheduled one Temporal adds when it was due."""
    return f"{BATCH_RUN_PREFIX}{canonical_name(environment, service)}:{unique}"


def parse_batch_run_id(text: str) -> tuple[Environment, ServiceId]:
    """The environment and the service of a run's workflow ID; ``ValueError`` otherwise."""
    name, colon, unique = text.removeprefix(BATCH_RUN_PREFIX).partition(":")
    if not text.startswith(BATCH_RUN_PREFIX) or not colon or not unique:
        raise ValueError(f"not a run's ID: {text!r}")
    return parse_canonical_name(name)


def batch_run_name(environment: Environment, service: ServiceId, workflow: str, run: str) -> str:
    """The swarm service of one run, ``run-1a2b3c4d5e-prod-shop-report``: a second attempt finds its own."""
    digest = hashlib.sha256(f"{workflow}/{run}".encode()).hexdigest()[:10]
    return f"run-{digest}-{canonical_name(environment, service)}"[:CANONICAL_NAME_LIMIT].rstrip("-")


def sweep_id() -> str:
    """The schedule, and the beginning of the workflow IDs, of the sweep."""
    return "onward-sweep"


def scale_id(environment: Environment, service: ServiceId) -> str:
    """The workflow ID of a change of a service's size: one at a time, by Temporal's own rule."""
    return f"scale:{canonical_name(environment, service)}"


def mirror_id(application: str) -> str:
    """The workflow ID of the mirror of an application's sizes in ci: at most one is on."""
    return f"mirror:{application}"


def drift_id() -> str:
    """The schedule, and the beginning of the workflow IDs, of the check for drift."""
    return "onward-drift"


def apply_id(environment: Environment) -> str:
    """The workflow ID of making what an environment lacks: one at a time."""
    return f"env:{environment}"


def lookup_id(subject: str, unique: str) -> str:
    """The workflow ID of a short workflow that only reads."""
    return f"lookup:{subject}:{unique}"


def task_queue(duty: Duty) -> str:
    """``onward`` for the workflows, ``onward-<duty>`` for a duty's activities."""
    return "onward" if duty is Duty.ORCHESTRATE else f"onward-{duty}"


def duty_of(environment: Environment) -> Duty:
    """The duty that holds an environment's engine."""
    return Duty(environment.value)


# --- images and networks --------------------------------------------------------------------


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


def edge_name(stack: str, environment: Environment) -> str:
    """The swarm service of an environment's edge proxy."""
    return f"onward-{stack}-{environment}-traefik"


def certificates_volume(stack: str, environment: Environment) -> str:
    """Where an environment's edge keeps its certificates."""
    return f"onward-{stack}-{environment}-certificates"


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


# --- resources ------------------------------------------------------------------------------


def resource_name(environment: Environment, application: str, name: str) -> str:
    """``prod-shop-orders``: a bucket, or a queue whose own name :func:`queue_name` makes of it."""
    return f"{environment}-{application}-{name}"


def queue_name(name: str, *, fifo: bool) -> str:
    """What SQS calls a queue: it wants ``.fifo`` behind the name of one that keeps the order."""
    return f"{name}.fifo" if fifo else name


def bucket_limit(application: str) -> int:
    """How many characters a bucket's name may have in ``writes``, so that S3 takes it in each environment."""
    return BUCKET_NAME_LIMIT - LONGEST_ENVIRONMENT - len(f"-{application}-")


def queue_limit(application: str, ending: str) -> int:
    """How many characters a queue's name may have in ``writes``, with what SQS and Onward put behind it."""
    return QUEUE_NAME_LIMIT - LONGEST_ENVIRONMENT - len(f"-{application}-{ending}")


def resource_variable(kind: str, name: str) -> str:
    """``ONWARD_QUEUE_ORDERS``, ``ONWARD_BUCKET_RECEIPTS``: where a service finds what it writes or reads."""
    return f"ONWARD_{kind}_{name}".upper().replace("-", "_")


def access_secret(stack: str, environment: Environment) -> str:
    """The swarm secret with the key that an environment's services reach queues and buckets with."""
    return f"onward-{stack}-{environment}-aws-credentials"


def build_tag(inputs: str) -> str:
    """The tag that a build is pushed under: names its inputs; deploys go by digest only."""
    return "inputs-" + inputs.partition(":")[2][:16]


def smoke_name(environment: Environment, service: ServiceId, number: int) -> str:
    """The container that runs a release's smoke cases."""
    return f"{canonical_name(environment, service)}-smoke-{number}"
