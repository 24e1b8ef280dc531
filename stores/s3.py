"""The object store: one bucket of any S3 that has conditional writes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, cast

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from domain.artifact import Digest
from domain.errors import Conflict, InvalidInput, NotFound, OnwardError, Untrusted
from domain.storage import StoredObject, Streamed
from stores.chunks import Chunks
from stores.s3_client import PATIENT, Limits, s3_client
from stores.s3_errors import ABSENT, code_of, translated

if TYPE_CHECKING:
    from mypy_boto3_s3.literals import BucketLocationConstraintType

CHUNK = 1024 * 1024


#: In the caller's own thread: what it reads from may only be asked there.
STREAM = TransferConfig(multipart_threshold=16 * CHUNK, multipart_chunksize=16 * CHUNK, use_threads=False)
TRANSFER = TransferConfig(multipart_threshold=64 * CHUNK, multipart_chunksize=16 * CHUNK, max_concurrency=4)


class S3ObjectStore:
    """A :class:`domain.storage.ObjectStore`; may be used by many threads at once.

    A conditional write that is answered "lost" is decided by reading back: when a reply is lost
    on the way, boto3 asks again and loses against its own first write.

    :param endpoint: base URL of the server; empty for AWS.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        bucket: str,
        access_key: str,
        secret_key: str,
        region: str,
        limits: Limits = PATIENT,
    ) -> None:
        self._address = endpoint or f"AWS {region}"
        self._bucket = bucket
        self._region = region
        self._client = s3_client(endpoint, access_key, secret_key, region, limits)

    def uri(self, key: str) -> str:
        """``s3://<bucket>/<key>``."""
        return f"s3://{self._bucket}/{key}"

    def key(self, uri: str) -> str:
        """The reverse of :meth:`uri`; ``InvalidInput`` for another bucket's or another scheme's."""
        prefix = self.uri("")
        if not uri.startswith(prefix) or uri == prefix:
            raise InvalidInput(f"{uri!r} is not in this store", expected=f"a URI that begins with {prefix}")
        return uri.removeprefix(prefix)

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self._bucket

    def is_there(self) -> bool:
        """Whether the bucket is."""
        with translated(self._address, self.uri("")):
            try:
                self._client.head_bucket(Bucket=self._bucket)
            except ClientError as error:
                if code_of(error) not in ABSENT:
                    raise
                return False
        return True

    def ensure_bucket(self) -> None:
        """Make the bucket when it is not there."""
        if not self.is_there():
            with translated(self._address, self.uri("")):
                self._create_bucket()

    def read(self, key: str) -> StoredObject | None:
        """The object, or ``None`` when there is none."""
        with translated(self._address, self.uri(key)):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if code_of(error) not in ABSENT:
                    raise
                return None
            with closing(answer["Body"]) as body:
                return StoredObject(content=body.read(), etag=answer["ETag"])

    def get(self, key: str) -> bytes:
        """The content; ``NotFound`` when there is none."""
        found = self.read(key)
        if found is None:
            raise NotFound(f"{self.uri(key)} is not there")
        return found.content

    def put(self, key: str, content: bytes, content_type: str = "application/octet-stream") -> None:
        """Write, whatever was there."""
        with translated(self._address, self.uri(key)):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=content, ContentType=content_type)

    def put_stream(self, key: str, chunks: Iterator[bytes]) -> Streamed:
        """Upload in parts of 16 MiB, one after the other. An error on the way leaves no object."""
        read = Chunks(chunks)
        with translated(self._address, self.uri(key)):
            self._client.upload_fileobj(read, self._bucket, key, Config=STREAM)  # type: ignore[arg-type] # read() is all it needs
        return read.streamed

    def create(self, key: str, content: bytes, content_type: str = "application/json") -> None:
        """Write once. The same bytes again are fine; ``Conflict`` when other bytes are there."""
        try:
            with translated(self._address, self.uri(key)):
                self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=content, ContentType=content_type, IfNoneMatch="*"
                )
        except Conflict:
            self._require_written(key, content)

    def replace(self, key: str, content: bytes, etag: str | None) -> None:
        """Compare-and-swap; ``etag`` is what was read, ``None`` for "not there". ``Conflict`` when lost."""
        if etag is None:
            self.create(key, content)
            return
        try:
            with translated(self._address, self.uri(key)):
                self._client.put_object(
                    Bucket=self._bucket, Key=key, Body=content, ContentType="application/json", IfMatch=etag
                )
        except (Conflict, NotFound):
            self._require_written(key, content)

    def holds(self, key: str) -> bool:
        """Whether there is an object."""
        return self._size(key) is not None

    def create_file(self, key: str, file: Path, digest: Digest) -> None:
        """Upload a file under a key that holds its digest; nothing happens when it is there.

        Its size is compared, which costs nothing and heals what somebody cut short. Its bytes are
        not: S3 keeps no SHA-256 of an upload in parts, and whoever reads the file checks the digest.

        :raises Untrusted: the file does not have the digest.
        """
        with file.open("rb") as content:
            _require(digest, hashlib.file_digest(content, "sha256").hexdigest(), str(file))
        if self._size(key) == file.stat().st_size:
            return
        with translated(self._address, self.uri(key)), file.open("rb") as content:
            self._client.upload_fileobj(content, self._bucket, key, Config=TRANSFER)

    def fetch_file(self, key: str, file: Path, digest: Digest) -> None:
        """Download to a file and check it on the way; no file is left when an error is raised.

        :raises NotFound: there is no such object.
        :raises Untrusted: its bytes do not have the digest.
        """
        actual = hashlib.sha256()
        try:
            with translated(self._address, self.uri(key)), file.open("wb") as target:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
                with closing(answer["Body"]) as body:
                    for chunk in body.iter_chunks(CHUNK):
                        actual.update(chunk)
                        target.write(chunk)
            _require(digest, actual.hexdigest(), self.uri(key))
        except OnwardError:
            file.unlink()
            raise

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys with a prefix, in order."""
        with translated(self._address, self.uri(prefix)):
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                for item in page.get("Contents", []):
                    yield item["Key"]

    def _size(self, key: str) -> int | None:
        try:
            with translated(self._address, self.uri(key)):
                return self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
        except NotFound:
            return None

    def _require_written(self, key: str, content: bytes) -> None:
        """The write was answered "lost": it is ours all the same when our bytes are there."""
        found = self.read(key)
        if found is None or found.content != content:
            raise Conflict(f"{self.uri(key)} was written by somebody else")

    def _create_bucket(self) -> None:
        try:
            # The first region of AWS is the one that must not be named.
            if self._region == "us-east-1":
                self._client.create_bucket(Bucket=self._bucket)
            else:
                region = cast("BucketLocationConstraintType", self._region)
                self._client.create_bucket(
                    Bucket=self._bucket, CreateBucketConfiguration={"LocationConstraint": region}
                )
        except (self._client.exceptions.BucketAlreadyOwnedByYou, self._client.exceptions.BucketAlreadyExists):
            # Somebody was faster; whether we may use it shows when we do.
            return


def _require(digest: Digest, actual: str, what: str) -> None:
    if digest != f"sha256:{actual}":
        raise Untrusted(f"{what}: expected {digest}, its bytes have sha256:{actual}")
