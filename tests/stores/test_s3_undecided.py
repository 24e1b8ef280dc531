"""A conditional write that S3 answers with 409: neither won nor lost, until it is read back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.errors import Conflict
from stores.s3_site import S3SiteBucket
from tests.stores.undecided import undecided_server

Write = Callable[[S3SiteBucket], None]

WRITES: dict[str, Write] = {
    "create": lambda store: store.create("a", b"ours"),
    "replace": lambda store: store.replace("a", b"ours", '"0"'),
    "create of a site's file": lambda store: store.write("a", b"ours", None, "text/html", "no-cache"),
    "replace of a site's file": lambda store: store.write("a", b"ours", '"0"', "text/html", "no-cache"),
}


def _store(endpoint: str) -> S3SiteBucket:
    """An object store, too."""
    return S3SiteBucket(endpoint=endpoint, bucket="onward", access_key="a", secret_key="s", region="us-east-1")


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "OperationAborted"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_it_is_ours_when_our_bytes_are_there(write: Write, code: str) -> None:
    with undecided_server(code, b"ours") as endpoint:
        write(_store(endpoint))


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "OperationAborted"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_it_is_lost_when_other_bytes_are_there(write: Write, code: str) -> None:
    with undecided_server(code, b"theirs") as endpoint, pytest.raises(Conflict, match="s3://onward/a was written by"):
        write(_store(endpoint))
