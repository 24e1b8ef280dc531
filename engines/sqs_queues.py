"""Queues by the API of SQS: AWS itself, or a server that speaks it (``ministack`` in the local stack).

SQS has no compare-and-swap. A queue is made with all of its attributes and tags in one request, so that a killed
attempt leaves a whole queue or none; what is there is configured before the mark of the release is put on it. That no
two releases do so at once is the gate's doing: it gives turns to deploy in the order of their numbers.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

from botocore.exceptions import ClientError

from domain.errors import Conflict, InvalidInput
from domain.resource_names import queue_name
from domain.resource_store import Mark, Provision
from domain.resources import Queue, dead_name
from engines.aws import STACK_TAG, Access, code_of, is_newer, require_ours, tags_of, translated

SERVER = "SQS"
ABSENT = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist"})
EXISTS = frozenset({"QueueAlreadyExists", "QueueNameExists"})

#: Seconds in which a queue must show what it was told: AWS takes up to a minute, and a quarter of an hour for another
#: retention (``SetQueueAttributes``), which is not waited for.
KEPT_WITHIN = 75.0
POLL = 1.0
RETENTION = "MessageRetentionPeriod"

#: What SQS takes back only if it was set: an attribute that is not there is none.
REDRIVE = "RedrivePolicy"
ENCRYPTED = "SqsManagedSseEnabled"


class SqsQueues:
    """A :class:`domain.resource_store.ResourceStore` of queues; names are without SQS's ``.fifo``."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client: Any = access.client("sqs")

    def ensure(self, name: str, declared: Queue, mark: Mark) -> Provision:
        """Make the queue, or configure the one that is there.

        :raises InvalidInput: the queue of its dead letters is not there, or the server keeps other values than asked.
        """
        full = queue_name(name, fifo=declared.fifo)
        url = self._url(full)
        attributes = self._attributes(name, declared)
        if url is None:
            self._create(full, attributes, declared, mark)
            self._require_kept(self._found(full), full, attributes)
            return Provision.CREATED
        tags = self._tags(url, full)
        require_ours(tags, mark, f"queue {full}")
        if is_newer(tags, mark):
            return Provision.NEWER
        changed = self._differing(url, full, attributes)
        with translated(SERVER, self._access.address, f"queue {full}"):
            if changed:
                self._client.set_queue_attributes(QueueUrl=url, Attributes=changed)
            if tags != tags_of(mark):
                self._client.tag_queue(QueueUrl=url, Tags=tags_of(mark))
        self._require_kept(url, full, {name: value for name, value in attributes.items() if name != RETENTION})
        return Provision.UPDATED if changed else Provision.UNCHANGED

    def address(self, name: str) -> str | None:
        """The URL of the queue, whether it keeps the order or not."""
        return self._url(name) or self._url(queue_name(name, fifo=True))

    def names(self, prefix: str) -> Collection[str]:
        """The names that begin so, with ``.fifo``."""
        with translated(SERVER, self._access.address, f"queues {prefix}*"):
            pages = self._client.get_paginator("list_queues").paginate(QueueNamePrefix=prefix)
            return [str(url).rpartition("/")[2] for page in pages for url in page.get("QueueUrls", [])]

    def remove(self, prefix: str, stack: str) -> None:
        """Remove the queues of a slice. Messages go with them."""
        for name in self.names(prefix):
            url = self._url(name)
            if url is not None and self._tags(url, name).get(STACK_TAG) == stack:
                with translated(SERVER, self._access.address, f"queue {name}"):
                    self._client.delete_queue(QueueUrl=url)

    def _create(self, name: str, attributes: Mapping[str, str], declared: Queue, mark: Mark) -> None:
        fifo = {"FifoQueue": "true"} if declared.fifo else {}
        given = {key: value for key, value in attributes.items() if value} | fifo
        try:
            with translated(SERVER, self._access.address, f"queue {name}"):
                try:
                    self._client.create_queue(QueueName=name, Attributes=given, tags=tags_of(mark))
                except ClientError as error:
                    if code_of(error) not in EXISTS:
                        raise
                    raise Conflict(f"queue {name} was made by somebody else just now") from error
        except InvalidInput as error:
            if "60 seconds" in str(error):  # AWS gives a name back a minute after its queue was deleted
                raise Conflict(str(error)) from error
            raise

    def _attributes(self, name: str, declared: Queue) -> dict[str, str]:
        """What a queue is asked to be, as SQS spells it; an empty text takes an attribute away."""
        found = {
            "VisibilityTimeout": _seconds(declared.visibility),
            "MessageRetentionPeriod": _seconds(declared.retention),
            "DelaySeconds": _seconds(declared.delay),
            REDRIVE: "",
        }
        if declared.dead_letter:
            dead = queue_name(dead_name(name), fifo=declared.fifo)
            rule = {"deadLetterTargetArn": self._arn(dead), "maxReceiveCount": str(declared.dead_letter.after)}
            found[REDRIVE] = json.dumps(rule)
        return found | ({ENCRYPTED: "true"} if declared.encrypted else {})

    def _arn(self, name: str) -> str:
        return self._present(self._found(name), name)["QueueArn"]

    def _found(self, name: str) -> str:
        url = self._url(name)
        if url is None:
            raise Conflict(f"queue {name} is not there any more")
        return url

    def _differing(self, url: str, name: str, wanted: Mapping[str, str]) -> dict[str, str]:
        there = self._present(url, name)
        return {key: value for key, value in wanted.items() if not _same(there.get(key, ""), value)}

    def _require_kept(self, url: str, name: str, wanted: Mapping[str, str]) -> None:
        """A server that takes a value and keeps another one does not do what was declared."""
        end = monotonic() + KEPT_WITHIN
        while left := self._differing(url, name, wanted):
            if monotonic() < end:
                sleep(POLL)
                continue
            raise InvalidInput(
                f"queue {name}: it does not keep {', '.join(sorted(left))}",
                where=f"{SERVER} at {self._access.address}",
                expected="a server that can do what `writes` declares: docs/resources.md",
            )

    def _present(self, url: str, name: str) -> dict[str, str]:
        with translated(SERVER, self._access.address, f"queue {name}"):
            answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        return dict(answer.get("Attributes", {}))

    def _tags(self, url: str, name: str) -> dict[str, str]:
        with translated(SERVER, self._access.address, f"queue {name}"):
            return dict(self._client.list_queue_tags(QueueUrl=url).get("Tags", {}))

    def _url(self, name: str) -> str | None:
        with translated(SERVER, self._access.address, f"queue {name}"):
            try:
                return str(self._client.get_queue_url(QueueName=name)["QueueUrl"])
            except ClientError as error:
                if code_of(error) not in ABSENT:
                    raise
                return None


def _seconds(duration: timedelta) -> str:
    return str(round(duration.total_seconds()))


def _same(there: str, wanted: str) -> bool:
    """Servers write the JSON of a rule, and the numbers in it, each in a way of its own."""
    if not (there and wanted and wanted.startswith("{")):
        return there == wanted
    kept: dict[str, object] = {key: str(value) for key, value in json.loads(there).items()}
    asked: dict[str, object] = json.loads(wanted)
    return kept == asked
