"""The queues of a stack: they and their messages are there again after ``down`` and ``up``."""

from __future__ import annotations

from configparser import ConfigParser
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import Duty, ServiceId, edge_bucket
from domain.resource_names import access_secret
from domain.resource_store import Mark
from domain.resources import Queue
from engines.aws import Access
from engines.site_routes import ROUTES_FILE
from engines.sqs_queues import SqsQueues
from stack.access import ensure_access
from stack.credentials import Credentials
from stack.down import down
from stack.engine import bridge_gateway
from stack.places import StateDirectory
from stack.queues import sqs_endpoint
from stack.servers import BUCKET, s3_access
from tests.stack.conftest import NewStack, quiet, started

pytestmark = pytest.mark.server


def test_what_was_sent_is_there_after_down_and_up_and_gone_after_a_purge(
    new_stack: NewStack, engine: DockerClient
) -> None:
    settings = new_stack()
    started(settings, ("queues",))
    access = Access(sqs_endpoint(settings, bridge_gateway(engine)), "any", "key", "us-east-1")
    queues, sqs = SqsQueues(access), access.client("sqs")
    owner = ServiceId(application="shop", role="cart")
    mark = Mark(stack=settings.name, environment=Environment.CI, owner=owner, number=1, release="release:shop-cart:1")
    queues.ensure("ci-shop-orders", Queue(name="orders"), mark)
    sqs.send_message(QueueUrl=queues.address("ci-shop-orders"), MessageBody="one")

    down(settings, False, quiet)
    started(settings, ("queues",))

    received: Any = sqs.receive_message(QueueUrl=queues.address("ci-shop-orders"))
    assert [each["Body"] for each in received["Messages"]] == ["one"]
    down(settings, True, quiet)
    started(settings, ("queues",))
    assert queues.address("ci-shop-orders") is None


def test_each_environment_has_a_secret_with_the_key_of_its_services_and_it_goes_with_the_stack(
    new_stack: NewStack, engine: DockerClient
) -> None:
    settings = new_stack()
    started(settings, ("queues",))
    names = {access_secret(settings.name, each) for each in ENVIRONMENTS}

    def there() -> dict[str, str]:
        return {each["Spec"]["Name"]: each["ID"] for each in engine.api.secrets() if each["Spec"]["Name"] in names}

    before = there()
    assert set(before) == names
    credentials = Credentials(StateDirectory(settings).keys, settings.name, BUCKET)
    assert len({credentials.task_credentials(each) for each in ENVIRONMENTS}) == 2
    ensure_access(engine, credentials, settings.name)
    assert there() == before
    credentials.s3_identities.unlink()
    credentials.make()
    ensure_access(engine, credentials, settings.name)
    assert set(there()) == names
    assert not set(there().values()) & set(before.values())

    down(settings, True, quiet)

    assert there() == {}


def test_services_write_the_buckets_of_their_environment_and_neither_anothers_nor_the_routes(
    new_stack: NewStack, engine: DockerClient
) -> None:
    settings = new_stack()
    started(settings, ("s3",))
    gateway = bridge_gateway(engine)
    credentials = Credentials(StateDirectory(settings).keys, settings.name, BUCKET)
    ci, prod = (Access(**s3_access(settings, credentials, gateway, duty)) for duty in (Duty.CI, Duty.PROD))
    routes = edge_bucket(settings.name, Environment.CI)
    for access, bucket in ((ci, "ci-shop-receipts"), (prod, "prod-shop-receipts"), (ci, routes)):
        access.client("s3").create_bucket(Bucket=bucket)
    key = ConfigParser()
    key.read_string(credentials.task_credentials(Environment.CI))
    own = dict(key["default"])
    service = replace(ci, access_key=own["aws_access_key_id"], secret_key=own["aws_secret_access_key"]).client("s3")

    service.put_object(Bucket="ci-shop-receipts", Key="a", Body=b"one")
    assert service.get_object(Bucket="ci-shop-receipts", Key="a")["Body"].read() == b"one"
    for bucket, path in (("prod-shop-receipts", "a-b"), (routes, f"served/{ROUTES_FILE}"), (BUCKET, "owners/a-b.json")):
        with pytest.raises(ClientError, match="AccessDenied"):
            service.put_object(Bucket=bucket, Key=path, Body=b"two")
    with pytest.raises(ClientError, match="AccessDenied"):
        service.create_bucket(Bucket="ci-shop-more")
