"""S3SiteBucket: its conditional writes, while replies are lost."""

from __future__ import annotations

from itertools import count
from uuid import uuid4

import pytest

from domain.errors import Conflict
from stores.s3_site import S3SiteBucket
from tests.servers import S3Server
from tests.stores.lossy_proxy import lossy_proxy

pytestmark = pytest.mark.server

PAGE = ("text/html; charset=utf-8", "no-cache")


def _bucket(s3: S3Server, name: str, endpoint: str) -> S3SiteBucket:
    return S3SiteBucket(
        endpoint=endpoint, bucket=name, access_key=s3.access_key, secret_key=s3.secret_key, region=s3.region
    )


def test_a_write_whose_reply_is_lost_has_happened(s3: S3Server) -> None:
    name, replies = f"t{uuid4().hex[:8]}", count()
    direct = _bucket(s3, name, s3.endpoint)
    direct.ensure_bucket()
    with lossy_proxy(s3.endpoint, loses=lambda: next(replies) % 2 == 0) as endpoint:
        bucket = _bucket(s3, name, endpoint)
        bucket.write("a", b"first", None, *PAGE)
        found = bucket.read("a")
        assert found is not None
        bucket.write("a", b"second", found.etag, *PAGE)
        for etag in (found.etag, None):
            with pytest.raises(Conflict):
                bucket.write("a", b"third", etag, *PAGE)

    assert next(replies) > 8
    written = direct.read("a")
    assert written is not None
    assert written.content == b"second"
