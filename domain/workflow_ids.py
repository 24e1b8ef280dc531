"""IDs of workflows and schedules, and their task queues: what Temporal lets run once has one ID."""

from __future__ import annotations

import hashlib
import re

from domain.environment import Environment
from domain.identity import Duty, ServiceId, canonical_name, parse_canonical_name


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
