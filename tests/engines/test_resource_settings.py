"""What is declared of a queue or bucket is what the server then says and does: ministack and SeaweedFS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from domain.environment import Environment
from domain.errors import Conflict, ForeignResource, InvalidInput
from domain.identity import ServiceId
from domain.resource_store import Mark, Provision
from domain.resources import Bucket, Queue
from engines.aws import Access
from engines.s3_buckets import S3Buckets
from engines.sqs_queues import SqsQueues
from stores.s3_site import S3SiteBucket
from tests.servers import S3Server, sqs_server

pytestmark = pytest.mark.server

MARK = Mark(
    stack="mine",
    environment=Environment.CI,
    owner=ServiceId(application="shop", role="cart"),
    number=1,
    release="release:shop-cart:1",
)


@pytest.fixture(scope="module")
def access() -> Iterator[Access]:
    with sqs_server() as endpoint:
        yield Access(endpoint, "any", "key", "us-east-1")


@pytest.fixture
def sqs(access: Access) -> Any:
    return access.client("sqs")


@pytest.fixture
def s3_access(s3: S3Server) -> Access:
    return Access(s3.endpoint, s3.access_key, s3.secret_key, s3.region)


@pytest.fixture
def name() -> str:
    return f"ci-t{uuid4().hex[:8]}-orders"


def attributes(sqs: Any, address: str) -> dict[str, str]:
    """What the server says of a queue."""
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["All"])["Attributes"]
    return found


def queue(**declared: Any) -> Queue:
    """As in a definition."""
    return Queue.model_validate({"name": "orders", **declared})


TAGS = {
    "onward.stack": "mine",
    "onward.environment": "ci",
    "onward.owner": "shop-cart",
    "onward.number": "1",
    "onward.release": "release:shop-cart:1",
}


def test_a_queue_says_whose_it_is_and_of_which_release(access: Access, sqs: Any, name: str) -> None:
    SqsQueues(access).ensure(name, queue(), MARK)

    address = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    assert sqs.list_queue_tags(QueueUrl=address)["Tags"] == TAGS


def test_a_bucket_says_whose_it_is_and_of_which_release(s3_access: Access, name: str) -> None:
    S3Buckets(s3_access).ensure(name, Bucket(name="receipts"), MARK)

    found = s3_access.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    assert {each["Key"]: each["Value"] for each in found} == TAGS


def test_a_queue_has_what_is_declared(access: Access, sqs: Any, name: str) -> None:
    queues = SqsQueues(access)
    declared = queue(visibility="90s", retention="2d", delay="5s", dead_letter={"after": 3}, encrypted=True)
    assert declared.dead is not None
    with pytest.raises(Conflict, match=f"queue {name}-dead is not there"):
        queues.ensure(name, declared, MARK)

    queues.ensure(f"{name}-dead", declared.dead, MARK)
    queues.ensure(name, declared, MARK)

    address = queues.address(name)
    assert address
    there = attributes(sqs, address)
    assert (there["VisibilityTimeout"], there["MessageRetentionPeriod"], there["DelaySeconds"]) == ("90", "172800", "5")
    assert there["SqsManagedSseEnabled"] == "true"
    rule = json.loads(there["RedrivePolicy"])
    assert (rule["deadLetterTargetArn"].rpartition(":")[2], rule["maxReceiveCount"]) == (f"{name}-dead", "3")
    dead = queues.address(f"{name}-dead")
    assert dead
    assert attributes(sqs, dead)["MessageRetentionPeriod"] == "1209600"
    shorter = declared.model_copy(update={"visibility": timedelta(seconds=30)})
    assert queues.ensure(name, shorter, MARK) is Provision.UPDATED
    assert attributes(sqs, address)["VisibilityTimeout"] == "30"


def test_what_a_server_cannot_do_is_said_and_never_passed_over(access: Access, name: str) -> None:
    """SQS takes a rule for dead letters away when it is set to nothing; this ministack cannot."""
    queues = SqsQueues(access)
    declared = queue(dead_letter={"after": 3})
    assert declared.dead is not None
    queues.ensure(f"{name}-dead", declared.dead, MARK)
    queues.ensure(name, declared, MARK)

    with pytest.raises(InvalidInput, match=f"queue {name}: InvalidAttributeValue: .* RedrivePolicy"):
        queues.ensure(name, queue(), MARK)


def test_a_dead_letter_arrives_where_it_should(access: Access, sqs: Any, name: str) -> None:
    queues = SqsQueues(access)
    declared = queue(visibility="0s", dead_letter={"after": 1})
    assert declared.dead is not None
    queues.ensure(f"{name}-dead", declared.dead, MARK)
    queues.ensure(name, declared, MARK)
    address, dead = queues.address(name), queues.address(f"{name}-dead")

    sqs.send_message(QueueUrl=address, MessageBody="poison")
    for _ in range(3):
        sqs.receive_message(QueueUrl=address)

    assert [each["Body"] for each in sqs.receive_message(QueueUrl=dead)["Messages"]] == ["poison"]


def test_messages_stay_when_a_queue_is_configured_anew(access: Access, sqs: Any, name: str) -> None:
    queues = SqsQueues(access)
    queues.ensure(name, queue(), MARK)
    sqs.send_message(QueueUrl=queues.address(name), MessageBody="one")

    queues.ensure(name, queue(visibility="2m"), MARK.model_copy(update={"number": 2}))

    assert [each["Body"] for each in sqs.receive_message(QueueUrl=queues.address(name))["Messages"]] == ["one"]


def test_a_queue_that_keeps_the_order_is_found_by_its_plain_name(access: Access, sqs: Any, name: str) -> None:
    queues = SqsQueues(access)

    queues.ensure(name, queue(fifo=True), MARK)

    address = queues.address(name)
    assert address
    assert address.endswith(f"/{name}.fifo")
    assert attributes(sqs, address)["FifoQueue"] == "true"


def test_a_queue_that_somebody_made_by_hand_is_not_taken(access: Access, sqs: Any, name: str) -> None:
    sqs.create_queue(QueueName=name)

    with pytest.raises(ForeignResource, match=rf"queue {name} was not made by Onward: it has no tag onward\.stack"):
        SqsQueues(access).ensure(name, queue(), MARK)


def test_a_bucket_has_what_is_declared_and_keeps_its_objects(s3_access: Access, name: str) -> None:
    buckets, s3 = S3Buckets(s3_access), s3_access.client("s3")
    full = Bucket.model_validate({"name": "receipts", "versioning": True, "expire": "30d", "encrypted": True})

    assert buckets.ensure(name, full, MARK) is Provision.CREATED
    s3.put_object(Bucket=name, Key="a", Body=b"one")

    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert rule["Expiration"]["Days"] == 30
    assert s3.head_object(Bucket=name, Key="a")["ServerSideEncryption"] == "AES256"
    plain = Bucket(name="receipts")
    assert buckets.ensure(name, plain, MARK.model_copy(update={"number": 2})) is Provision.UPDATED
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    assert s3.get_object(Bucket=name, Key="a")["Body"].read() == b"one"
    assert buckets.ensure(name, plain, MARK.model_copy(update={"number": 2})) is Provision.UNCHANGED


def test_a_bucket_that_a_killed_attempt_left_is_finished(s3_access: Access, name: str) -> None:
    s3_access.client("s3").create_bucket(Bucket=name)

    assert S3Buckets(s3_access).ensure(name, Bucket(name="receipts", versioning=True), MARK) is Provision.CREATED


def test_a_bucket_with_somebodys_objects_or_of_a_site_is_not_taken(s3_access: Access, name: str) -> None:
    s3 = s3_access.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="a", Body=b"one")
    with pytest.raises(ForeignResource, match="was not made by Onward"):
        S3Buckets(s3_access).ensure(name, Bucket(name="receipts"), MARK)

    s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": [{"Key": "onward.stack", "Value": "mine"}]})
    with pytest.raises(ForeignResource, match=f"bucket {name} is a site's"):
        S3Buckets(s3_access).ensure(name, Bucket(name="receipts"), MARK)


def test_a_bucket_of_a_slice_goes_with_every_version_of_what_is_in_it(s3_access: Access, name: str) -> None:
    buckets, s3 = S3Buckets(s3_access), s3_access.client("s3")
    buckets.ensure(name, Bucket(name="receipts", versioning=True), MARK)
    for text in (b"one", b"two"):
        s3.put_object(Bucket=name, Key="a", Body=text)
    s3.delete_object(Bucket=name, Key="a")

    buckets.remove(name, "mine")

    assert buckets.address(name) is None


def test_a_site_does_not_take_a_bucket_that_a_service_writes(s3_access: Access, s3: S3Server, name: str) -> None:
    S3Buckets(s3_access).ensure(name, Bucket(name="receipts"), MARK)
    site = S3SiteBucket(
        endpoint=s3.endpoint, bucket=name, access_key=s3.access_key, secret_key=s3.secret_key, region=s3.region
    )

    with pytest.raises(ForeignResource, match=f"bucket {name} is what shop-cart writes"):
        site.claim("mine")
