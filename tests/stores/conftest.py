"""One S3 and one image registry for all tests of the stores; a bucket for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from stores.git import GitRepositories
from stores.s3 import S3ObjectStore
from tests.servers import RegistryServer, S3Server, registry_server, s3_server
from tests.stores.repository import Repository

#: Makes a store on a bucket; keywords replace what it is made with.
MakeStore = Callable[..., S3ObjectStore]


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    with s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def registry() -> Iterator[RegistryServer]:
    with registry_server() as server:
        yield server


@pytest.fixture
def make_store(s3: S3Server) -> MakeStore:
    bucket = f"t{uuid4().hex[:8]}"

    def make(
        *, endpoint: str = s3.endpoint, access_key: str = s3.access_key, secret_key: str = s3.secret_key
    ) -> S3ObjectStore:
        return S3ObjectStore(
            endpoint=endpoint, bucket=bucket, access_key=access_key, secret_key=secret_key, region=s3.region
        )

    make().ensure_bucket()
    return make


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def repositories() -> GitRepositories:
    return GitRepositories(timeout=30)
