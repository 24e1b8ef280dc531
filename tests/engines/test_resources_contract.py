"""What every server of queues or buckets must do: SQS by ministack, S3 by SeaweedFS, and the ones in memory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from domain.environment import Environment
from domain.errors import ForeignResource
from domain.identity import ServiceId
from domain.resource_store import Mark, Provision, ResourceStore
from domain.resources import Bucket, Queue
from engines.aws import Access
from engines.s3_buckets import S3Buckets
from engines.sqs_queues import SqsQueues
from tests.fakes.resources import MemoryResources
from tests.servers import S3Server, sqs_server


@dataclass(frozen=True)
class Subject:
    """A server, and two ways to declare one resource."""

    store: ResourceStore[Any]
    first: Queue | Bucket
    second: Queue | Bucket
    prefix: str

    @property
    def name(self) -> str:
        return f"{self.prefix}-orders"

    def mark(self, number: int, role: str = "cart", stack: str = "mine", **more: Any) -> Mark:
        owner = ServiceId(application="shop", role=role)
        return Mark(
            stack=stack, environment=Environment.CI, owner=owner, number=number, release=f"release:{owner}:1", **more
        )


QUEUES = (Queue(name="orders"), Queue.model_validate({"name": "orders", "visibility": "1m"}))
BUCKETS = (Bucket(name="orders"), Bucket(name="orders", versioning=True))


@pytest.fixture(scope="session")
def sqs() -> Iterator[SqsQueues]:
    with sqs_server() as endpoint:
        yield SqsQueues(Access(endpoint, "any", "key", "us-east-1"))


@pytest.fixture
def s3_buckets(s3: S3Server) -> S3Buckets:
    return S3Buckets(Access(s3.endpoint, s3.access_key, s3.secret_key, s3.region))


@pytest.fixture(
    params=[
        "memory queues",
        "memory buckets",
        pytest.param("sqs", marks=pytest.mark.server),
        pytest.param("s3_buckets", marks=pytest.mark.server),
    ]
)
def subject(request: pytest.FixtureRequest) -> Subject:
    first, second = BUCKETS if "buckets" in request.param else QUEUES
    memory = request.param.startswith("memory")
    store: Any = MemoryResources() if memory else request.getfixturevalue(request.param)
    return Subject(store, first, second, f"ci-t{uuid4().hex[:8]}")


def test_what_is_not_there_is_made_once_and_has_an_address(subject: Subject) -> None:
    assert subject.store.address(subject.name) is None

    assert subject.store.ensure(subject.name, subject.first, subject.mark(1)) is Provision.CREATED
    assert subject.store.ensure(subject.name, subject.first, subject.mark(1)) is Provision.UNCHANGED
    address = subject.store.address(subject.name)
    assert address is not None
    assert address.endswith(f"/{subject.name}")


def test_a_later_release_configures_it_anew_and_an_older_one_never_does(subject: Subject) -> None:
    subject.store.ensure(subject.name, subject.first, subject.mark(1))

    assert subject.store.ensure(subject.name, subject.second, subject.mark(3)) is Provision.UPDATED
    assert subject.store.ensure(subject.name, subject.first, subject.mark(2)) is Provision.NEWER
    assert subject.store.ensure(subject.name, subject.second, subject.mark(4)) is Provision.UNCHANGED


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"stack": "other"}, "belongs to another stack: its tag onward.stack is mine, this stack is other"),
        ({"role": "checkout"}, "belongs to shop-cart: its tag onward.owner says so, and shop-checkout never took it"),
        ({"slice": "slice-1"}, "belongs to another slice"),
    ],
    ids=["stack", "owner", "slice"],
)
def test_what_belongs_to_another_is_never_taken(subject: Subject, changes: dict[str, str], reason: str) -> None:
    subject.store.ensure(subject.name, subject.first, subject.mark(1))

    with pytest.raises(ForeignResource, match=reason):
        subject.store.ensure(subject.name, subject.second, subject.mark(2, **changes))
    assert subject.store.ensure(subject.name, subject.first, subject.mark(2)) is Provision.UNCHANGED


def test_what_was_moved_is_taken_over_from_its_former_owner(subject: Subject) -> None:
    subject.store.ensure(subject.name, subject.first, subject.mark(1))
    former = (ServiceId(application="shop", role="cart"),)

    assert subject.store.ensure(subject.name, subject.second, subject.mark(2, "checkout", former=former))
    with pytest.raises(ForeignResource, match="belongs to shop-checkout"):
        subject.store.ensure(subject.name, subject.first, subject.mark(3))


def test_ten_attempts_at_once_make_one_resource(subject: Subject) -> None:
    with ThreadPoolExecutor(10) as pool:
        mark = subject.mark(1)
        list(pool.map(lambda _: subject.store.ensure(subject.name, subject.second, mark), range(10)))

    assert subject.store.ensure(subject.name, subject.second, mark) is Provision.UNCHANGED
    assert list(subject.store.names(subject.prefix)) == [subject.name]


def test_only_what_begins_so_and_is_this_stacks_is_removed(subject: Subject) -> None:
    mine, theirs, other = (f"{subject.prefix}-{each}" for each in ("a-mine", "a-theirs", "b"))
    subject.store.ensure(mine, subject.first, subject.mark(0))
    subject.store.ensure(theirs, subject.first, subject.mark(0, stack="other"))
    subject.store.ensure(other, subject.first, subject.mark(0))

    subject.store.remove(f"{subject.prefix}-a-", "mine")
    subject.store.remove(f"{subject.prefix}-a-", "mine")

    assert sorted(subject.store.names(subject.prefix)) == [theirs, other]
