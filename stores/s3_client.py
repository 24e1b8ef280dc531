"""Connections to an S3, and how long it may be silent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True)
class Limits:
    """How long a server may be silent: seconds to connect and to answer, in each of some attempts."""

    connect: float
    answer: float
    attempts: int


#: Three attempts to connect and the pauses between them stay below eight seconds. The loser of
#: a race for one key may wait 17 s for its answer (measured with SeaweedFS), so answers get longer.
PATIENT = Limits(connect=2, answer=25, attempts=3)

#: For reading while a person waits: five seconds with the pause. The second attempt is for a
#: connection that the server closed while it was in the pool.
BRISK = Limits(connect=1.5, answer=2, attempts=2)

CONNECTIONS = 64


@lru_cache(maxsize=8)
def s3_client(endpoint: str, access_key: str, secret_key: str, region: str, limits: Limits) -> S3Client:
    """A client is costly to make and safe to share; only its session is not."""
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint or None,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        region_name=region,
        config=Config(
            connect_timeout=limits.connect,
            read_timeout=limits.answer,
            retries={"mode": "standard", "total_max_attempts": limits.attempts},
            max_pool_connections=CONNECTIONS,
            s3={"addressing_style": "path" if endpoint else "auto"},
        ),
    )
