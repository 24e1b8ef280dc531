"""How a service finds the queues and buckets that it writes or reads, and the key to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain.errors import InvalidInput
from domain.resource_names import resource_variable
from domain.resource_store import ResourceStore
from domain.resources import Bucket, Queue, ResourceKind
from domain.service import ServiceDefinition

#: The name of the secret that holds the key: a service's own, or the environment's.
CREDENTIALS = "aws-credentials"


@dataclass(frozen=True)
class Reach:
    """An environment's servers of queues and buckets, as containers reach them; empty endpoints mean AWS."""

    queues: ResourceStore[Queue]
    buckets: ResourceStore[Bucket]
    sqs_endpoint: str
    s3_endpoint: str
    region: str

    def variables(self, definition: ServiceDefinition, named: Callable[[str], str]) -> dict[str, str]:
        """``ONWARD_QUEUE_<NAME>`` and ``ONWARD_BUCKET_<NAME>``, and what every AWS SDK reads by itself; no key.

        :param named: what a resource is called where the service runs.
        :raises InvalidInput: one of them is not there.
        """
        if not definition.resources:
            return {}
        found = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        if self.sqs_endpoint:
            found["AWS_ENDPOINT_URL_SQS"] = self.sqs_endpoint
        if self.s3_endpoint:
            found["AWS_ENDPOINT_URL_S3"] = self.s3_endpoint
        for kind, names in definition.resources.items():
            for name in names:
                found[resource_variable(kind, name)] = self._address(kind, named(name))
        return found

    def _address(self, kind: ResourceKind, name: str) -> str:
        address = self.queues.address(name) if kind is ResourceKind.QUEUE else self.buckets.address(name)
        if address is None:
            raise InvalidInput(f"there is no {kind} {name}", expected="what the release that writes it has made")
        return address
