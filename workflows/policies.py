"""How activities are tried: where, how long, how often. One place for all of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig

from domain.errors import FINAL_ERRORS
from domain.identity import Duty
from domain.workflow_ids import task_queue

#: How long a stage goes on trying while a server does not answer.
PATIENCE = timedelta(minutes=5)
HEARTBEAT = timedelta(seconds=3)

RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=500),
    backoff_coefficient=2,
    maximum_interval=timedelta(seconds=20),
    non_retryable_error_types=[*(error.__name__ for error in FINAL_ERRORS), "ValidationError"],
)

#: The same for work that may take long: a server that is down all the time ends it after :data:`PATIENCE`
#: (20 attempts, 291 s between the first and the last), not when the work itself would have had to be done.
PATIENT_RETRY = replace(RETRY, maximum_attempts=20)

#: A server that is down is said soon, by the one attempt that there is: its own error names it.
ONCE = RetryPolicy(maximum_attempts=1)

TWICE = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    maximum_attempts=2,
    non_retryable_error_types=RETRY.non_retryable_error_types,
)

#: How long a lookup may take from its start to its end, so that the command line answers within ten
#: seconds. The stores and engines of lookups have time limits below that of the activity.
ANSWER_WITHIN = timedelta(seconds=6.5)

#: The same for what fetches from git or pulls an image.
EXAMINED_WITHIN = timedelta(seconds=50)


def brief(duty: Duty, summary: str, patience: timedelta = PATIENCE) -> ActivityConfig:
    """For work of less than ten seconds; a killed worker is noticed after ten.

    :param patience: for all attempts together.
    """
    return ActivityConfig(
        task_queue=task_queue(duty),
        start_to_close_timeout=timedelta(seconds=10),
        schedule_to_close_timeout=patience,
        retry_policy=RETRY,
        summary=summary,
    )


def told(duty: Duty, summary: str) -> ActivityConfig:
    """For telling people: each try has its time, and a channel that is down is given up after an hour.

    A cancel waits for the end of a try: who goes on must not tell at the same time.
    """
    config = long(duty, summary, timedelta(minutes=1))
    config["schedule_to_close_timeout"] = timedelta(hours=1)
    config["retry_policy"] = RETRY
    return config


def lasting(duty: Duty, summary: str) -> ActivityConfig:
    """For brief work of somebody who waits as long as it takes: one word to a gate."""
    config = brief(duty, summary)
    config.pop("schedule_to_close_timeout")
    return config


def enduring(duty: Duty, summary: str, timeout: timedelta) -> ActivityConfig:
    """For work with a heartbeat of somebody who waits as long as it takes: what a gate reads and writes."""
    config = long(duty, summary, timeout)
    config.pop("schedule_to_close_timeout")
    config["retry_policy"] = RETRY
    return config


def swept(duty: Duty, summary: str) -> ActivityConfig:
    """For a part of a sweep: the next one comes soon, so that this one waits for nobody long."""
    config = brief(duty, summary)
    config["schedule_to_close_timeout"] = timedelta(minutes=1)
    config["schedule_to_start_timeout"] = timedelta(seconds=15)
    return config


def looked_through(duty: Duty, summary: str) -> ActivityConfig:
    """For a part of a sweep that asks about many things, one after the other; with a heartbeat."""
    config = swept(duty, summary)
    config["start_to_close_timeout"] = timedelta(minutes=1)
    config["heartbeat_timeout"] = HEARTBEAT
    return config


def long(duty: Duty, summary: str, timeout: timedelta) -> ActivityConfig:
    """For work with a heartbeat; a killed worker is noticed after three seconds.

    :param timeout: of one attempt; :data:`PATIENCE` comes on top for all attempts together.
    """
    return ActivityConfig(
        task_queue=task_queue(duty),
        start_to_close_timeout=timeout,
        schedule_to_close_timeout=timeout + PATIENCE,
        heartbeat_timeout=HEARTBEAT,
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        retry_policy=PATIENT_RETRY,
        summary=summary,
    )


def observation(duty: Duty, summary: str, patience: timedelta) -> ActivityConfig:
    """For looking at something that may be broken: tried again, but not for long."""
    config = long(duty, summary, patience)
    config["schedule_to_close_timeout"] = patience
    return config


def lookup(duty: Duty, summary: str) -> ActivityConfig:
    """For reading on behalf of a person who waits: one attempt, within :data:`ANSWER_WITHIN`."""
    config = brief(duty, summary)
    config["schedule_to_start_timeout"] = timedelta(seconds=4)
    config["start_to_close_timeout"] = config["schedule_to_close_timeout"] = timedelta(seconds=5.5)
    config["retry_policy"] = ONCE
    return config


def examination(duty: Duty, summary: str) -> ActivityConfig:
    """For looking closer on behalf of a person: git may fetch, an engine may pull."""
    config = brief(duty, summary)
    config["schedule_to_start_timeout"] = timedelta(seconds=8)
    config["start_to_close_timeout"] = timedelta(seconds=30)
    config["schedule_to_close_timeout"] = timedelta(seconds=45)
    config["retry_policy"] = TWICE
    return config
