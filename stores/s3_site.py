"""The bucket of a site: an S3 bucket of which one part is readable by everybody.

Readable is said by a bucket policy: on AWS and on SeaweedFS 4.48 ``s3:GetObject`` for principal
``*`` on ``served/*`` answers GET and HEAD without a key for those objects, and 403 for everything
else – other keys, listing, ``?acl``, ``?policy``, PUT, DELETE. (An ACL ``public-read`` says less
and is switched off on new AWS buckets.) AWS also blocks such policies on new buckets until the
bucket's public access block is lifted; SeaweedFS has no such block and answers "not implemented".
"""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from domain.errors import Conflict, ForeignResource, NotFound
from domain.storage import StoredObject
from stores.s3 import S3ObjectStore
from stores.s3_errors import code_of, translated

SERVED = "served"
STACK_TAG = "onward.stack"
#: On the bucket of a service's own, which writes it (``engines.aws`` has the same).
OWNER_TAG = "onward.owner"


class S3SiteBucket(S3ObjectStore):
    """A :class:`domain.storage.SiteBucket`; it takes the same parameters as ``S3ObjectStore``.

    The key needs, beside objects, ``s3:CreateBucket``, ``s3:PutBucketPolicy``,
    ``s3:PutBucketTagging``, ``s3:GetBucketTagging`` and ``s3:PutBucketPublicAccessBlock``.
    """

    @property
    def served_url(self) -> str:
        """Path-style, which AWS and others take alike."""
        endpoint = self._client.meta.endpoint_url.rstrip("/")
        return f"{endpoint}/{self._bucket}/{SERVED}"

    def claim(self, stack: str) -> None:
        """Make the bucket when it is not there, and mark it as the stack's.

        The mark is written last: what carries it is complete, and a bucket that is empty and has
        none is what a killed attempt left.
        """
        if self._claimed_by(stack):
            return
        self.ensure_bucket()
        self._require_empty(stack)
        with translated(self._address, self.uri("")):
            self._lift_public_access_block()
            self._client.put_bucket_policy(Bucket=self._bucket, Policy=json.dumps(self._policy()))
            self._client.put_bucket_tagging(
                Bucket=self._bucket, Tagging={"TagSet": [{"Key": STACK_TAG, "Value": stack}]}
            )
        self._claimed_by(stack)

    def read(self, key: str) -> StoredObject | None:
        """The object, or ``None`` when there is none, or no bucket."""
        try:
            return super().read(key)
        except NotFound:
            return None

    def write(self, key: str, content: bytes, etag: str | None, content_type: str, cache_control: str) -> None:
        """Compare-and-swap; a write that is answered "lost" is decided by reading back."""
        try:
            with translated(self._address, self.uri(key)):
                if etag is None:
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=key,
                        Body=content,
                        ContentType=content_type,
                        CacheControl=cache_control,
                        IfNoneMatch="*",
                    )
                else:
                    self._client.put_object(
                        Bucket=self._bucket,
                        Key=key,
                        Body=content,
                        ContentType=content_type,
                        CacheControl=cache_control,
                        IfMatch=etag,
                    )
        except (Conflict, NotFound):
            self._require_written(key, content)

    def _claimed_by(self, stack: str) -> bool:
        """Whether the bucket carries the stack's mark; :raises ForeignResource: another stack's."""
        with translated(self._address, self.uri("")):
            try:
                tags = self._client.get_bucket_tagging(Bucket=self._bucket)["TagSet"]
            except ClientError as error:
                if code_of(error) in ("NoSuchTagSet", "NoSuchBucket"):
                    return False
                raise
        owner = next((tag["Value"] for tag in tags if tag["Key"] == STACK_TAG), None)
        if owner not in (stack, None):
            raise ForeignResource(
                f"bucket {self._bucket} belongs to another stack: its tag {STACK_TAG} is {owner}, this stack is "
                f"{stack}\n  next: release from that stack, or give this one an S3 of its own"
            )
        writer = next((tag["Value"] for tag in tags if tag["Key"] == OWNER_TAG), None)
        if writer is not None:
            raise ForeignResource(
                f"bucket {self._bucket} is what {writer} writes: its tag {OWNER_TAG} says so\n"
                "  next: give the static service another role than the bucket has as its name"
            )
        return owner == stack

    def _require_empty(self, stack: str) -> None:
        """A claim of this stack that was faster may have written already."""
        if next(self.keys(""), None) is not None and not self._claimed_by(stack):
            raise ForeignResource(
                f"bucket {self._bucket} was not made by Onward: it has no tag {STACK_TAG} and is not empty\n"
                "  next: rename the application or the role, or empty the bucket"
            )

    def _lift_public_access_block(self) -> None:
        try:
            self._client.delete_public_access_block(Bucket=self._bucket)
        except ClientError as error:
            if code_of(error) != "NotImplemented":
                raise

    def _policy(self) -> dict[str, object]:
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "EverybodyReadsWhatIsServed",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": f"arn:aws:s3:::{self._bucket}/{SERVED}/*",
                }
            ],
        }
