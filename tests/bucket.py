"""Onward's bucket of a stack, or another one, for tests that look into it or spoil what is there."""

from __future__ import annotations

from docker import DockerClient

from domain.identity import Duty
from settings import StackSettings
from stack.credentials import Credentials
from stack.engine import bridge_gateway
from stack.places import StateDirectory
from stack.servers import BUCKET, s3_access
from stores.s3 import S3ObjectStore


def bucket_of(settings: StackSettings, engine: DockerClient, duty: Duty, bucket: str = BUCKET) -> S3ObjectStore:
    """With the key of a duty."""
    credentials = Credentials(StateDirectory(settings).keys, settings.name, BUCKET)
    return S3ObjectStore(**s3_access(settings, credentials, bridge_gateway(engine), duty), bucket=bucket)
