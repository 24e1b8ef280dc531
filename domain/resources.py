"""Queues and buckets as a ``service.yaml`` declares them, and the limits that SQS and S3 put on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

from domain.definition_values import Name, Section
from domain.duration import Duration
from domain.key_fault import key_fault
from domain.resource_names import bucket_limit, queue_limit, queue_name

#: Of SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
LONGEST_VISIBILITY = timedelta(hours=12)
LONGEST_RETENTION = timedelta(days=14)
LONGEST_DELAY = timedelta(minutes=15)

#: What a queue of dead letters is called after its own.
DEAD = "-dead"

DAYS_PATTERN = r"^[1-9][0-9]{0,4}d$"
DAYS = "whole days such as 90d"


class ResourceKind(StrEnum):
    """What sort of thing a resource is."""

    QUEUE = "queue"
    BUCKET = "bucket"


def _days(text: object) -> int:
    if not isinstance(text, str) or re.fullmatch(DAYS_PATTERN, text) is None:
        raise ValueError(DAYS)
    return int(text[:-1])


def _whole_seconds(duration: timedelta) -> timedelta:
    if duration % timedelta(seconds=1):
        raise ValueError("whole seconds")
    return duration


#: SQS counts in seconds.
Seconds = Annotated[Duration, AfterValidator(_whole_seconds)]

Days = Annotated[
    int,
    BeforeValidator(_days),
    PlainSerializer(lambda days: f"{days}d", return_type=str),
    WithJsonSchema({"type": "string", "pattern": DAYS_PATTERN, "examples": ["90d"]}),
]


class DeadLetter(Section):
    """A message that was received so often and never deleted goes to the queue ``<name>-dead``."""

    after: int = Field(ge=1, le=1000, description="how often a message is received before it counts as dead")


class Queue(Section):
    """A queue of SQS; alone, its name means the defaults. ``encrypted`` asks for SQS's own keys at rest."""

    name: Name
    fifo: bool = Field(default=False, description="in order and once; for good: another queue needs another name")
    visibility: Seconds = Field(default=timedelta(seconds=30), le=LONGEST_VISIBILITY)
    retention: Seconds = Field(default=timedelta(days=4), ge=timedelta(minutes=1), le=LONGEST_RETENTION)
    delay: Seconds = Field(default=timedelta(0), le=LONGEST_DELAY)
    dead_letter: DeadLetter | None = None
    encrypted: bool = False

    @property
    def dead(self) -> Queue | None:
        """The queue of its dead letters, if it has one: they are kept as long as SQS keeps anything."""
        if self.dead_letter is None:
            return None
        changes = {"name": dead_name(self.name), "retention": LONGEST_RETENTION, "dead_letter": None}
        return self.model_copy(update={**changes, "delay": timedelta(0)})


class Bucket(Section):
    """A bucket of S3; alone, its name means the defaults. ``encrypted`` asks for S3's own keys at rest."""

    name: Name
    versioning: bool = False
    expire: Days | None = Field(default=None, description=f"when objects are deleted by themselves: {DAYS}")
    encrypted: bool = False


def _named(item: Any) -> Any:
    """``orders`` is short for ``{name: orders}``."""
    if not isinstance(item, str | dict | Section):
        raise ValueError("a name, or a mapping with one")
    return {"name": item} if isinstance(item, str) else item


QueueItem = Annotated[Queue, BeforeValidator(_named, json_schema_input_type=Queue | Name)]
BucketItem = Annotated[Bucket, BeforeValidator(_named, json_schema_input_type=Bucket | Name)]


def resource_fault(application: str, queues: Sequence[Queue], buckets: Sequence[Bucket]) -> PydanticCustomError | None:
    """The first name in ``writes`` that stands there twice, or is too long for SQS or S3 in an environment."""
    dead = {dead_name(each.name): each.name for each in queues if each.dead_letter}
    names = {ResourceKind.QUEUE: [each.name for each in queues], ResourceKind.BUCKET: [each.name for each in buckets]}
    for kind, listed in names.items():
        for index, name in enumerate(listed):
            path = ("writes", f"{kind}s", index)
            if name in listed[:index]:
                return key_fault(*path, value=name, expected=f"each {kind} once")
            if kind is ResourceKind.QUEUE and name in dead:
                expected = f"another name: {name} is the queue of the dead letters of {dead[name]}"
                return key_fault(*path, value=name, expected=expected)
            limit = _limit(application, queues[index]) if kind is ResourceKind.QUEUE else bucket_limit(application)
            if len(name) > limit:
                return key_fault(*path, value=name, expected=f"at most {limit} characters in {application}")
    return None


def _limit(application: str, queue: Queue) -> int:
    return queue_limit(application, queue_name(DEAD if queue.dead_letter else "", fifo=queue.fifo))


def dead_name(queue: str) -> str:
    """What the queue of a queue's dead letters is called."""
    return f"{queue}{DEAD}"
