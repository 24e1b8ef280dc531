"""What Onward needs of the stores that remember: the interfaces, in Onward's words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from domain.artifact import Digest


class StoredObject(BaseModel):
    """An object's content and the tag that a compare-and-swap needs."""

    model_config = ConfigDict(frozen=True)

    content: bytes
    etag: str


class Streamed(BaseModel):
    """What came out of a stream: ``size`` in bytes, and the digest of all of them."""

    model_config = ConfigDict(frozen=True)

    size: int
    digest: Digest


class ObjectStore(Protocol):
    """An S3 bucket. Every call raises ``Unreachable`` when the server does not answer."""

    def uri(self, key: str) -> str:
        """``s3://<bucket>/<key>``."""

    def key(self, uri: str) -> str:
        """The reverse of :meth:`uri`; ``InvalidInput`` for another bucket's or another scheme's."""

    def read(self, key: str) -> StoredObject | None:
        """The object, or ``None`` when there is none."""

    def get(self, key: str) -> bytes:
        """The content; ``NotFound`` when there is none."""

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        """Write, whatever was there: for logs and other things that nobody decides on."""

    def put_stream(self, key: str, chunks: Iterator[bytes]) -> Streamed:
        """Write what comes, however much it is, in bounded memory; what is there is whole or not there.

        An error of the iterator is raised, and nothing is written then.
        """

    def create(self, key: str, content: bytes, content_type: str = "application/json") -> None:
        """Write once. The same bytes again are fine; ``Conflict`` when other bytes are there."""

    def replace(self, key: str, content: bytes, etag: str | None) -> None:
        """Compare-and-swap; ``etag`` is what was read, ``None`` for "not there". ``Conflict`` when lost."""

    def holds(self, key: str) -> bool:
        """Whether there is an object."""

    def create_file(self, key: str, file: Path, digest: Digest) -> None:
        """Upload a file under a key that holds its digest; nothing happens when it is there.

        What is there and has another size cannot be it, and is written over. Other bytes of the same
        size are left to who reads them: :meth:`fetch_file` refuses them.
        """

    def fetch_file(self, key: str, file: Path, digest: Digest) -> None:
        """Download to a file and check it; ``NotFound``, ``Untrusted``."""

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys with a prefix, in order."""


class OwnBucket(Protocol):
    """A bucket as a thing that is there or not. ``Unreachable`` when the server does not answer."""

    @property
    def bucket(self) -> str:
        """Its name."""

    def is_there(self) -> bool:
        """Whether it is."""

    def ensure_bucket(self) -> None:
        """Make it when it is not there."""


class ImageRegistry(Protocol):
    """An OCI registry. Every call raises ``Unreachable`` when the server does not answer."""

    def reference(self, repository: str, digest: Digest) -> str:
        """``<host>/<repository>@<digest>``: the only form in which images are deployed."""

    def tagged(self, repository: str, tag: str) -> str:
        """``<host>/<repository>:<tag>``: the form in which images are pushed."""

    def holds(self, reference: str) -> bool:
        """Whether the image's manifest is there and its bytes have the digest.

        :raises Untrusted: the registry answers with bytes that were changed.
        """


class SiteBucket(Protocol):
    """The bucket of one site. Everybody may read what is below ``served/``; the rest is Onward's.

    Every call raises ``Unreachable`` when the server does not answer.
    """

    @property
    def served_url(self) -> str:
        """Where ``served/`` is read without a key: ``<endpoint>/<bucket>/served``."""

    def claim(self, stack: str) -> None:
        """Make the bucket when it is not there, and mark it as the stack's.

        :raises ForeignResource: another stack's, or not made by Onward and not empty.
        """

    def read(self, key: str) -> StoredObject | None:
        """The object, or ``None`` when there is none, or no bucket."""

    def write(self, key: str, content: bytes, etag: str | None, content_type: str, cache_control: str) -> None:
        """Compare-and-swap with what HTTP says of the content; ``etag`` is what was read, ``None``
        for "not there". The same bytes again are fine; ``Conflict`` when lost to other bytes."""
