"""Buckets that services write, by the API of S3: AWS itself, or a server that speaks it (SeaweedFS locally).

A bucket without a mark is what a killed attempt left, if it is empty: the mark is put on it before it is configured,
and again – with the release – when all is done, so that the next attempt goes on.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from botocore.exceptions import ClientError

from domain.errors import InvalidInput
from domain.resource_store import Mark, Provision
from domain.resources import Bucket
from engines.aws import NUMBER_TAG, STACK_TAG, Access, code_of, is_newer, require_ours, tags_of, translated

SERVER = "S3"
NO_BUCKET = frozenset({"NoSuchBucket", "404", "NotFound"})
NO_TAGS = "NoSuchTagSet"
NO_RULES = "NoSuchLifecycleConfiguration"
NO_ENCRYPTION = "ServerSideEncryptionConfigurationNotFoundError"
OURS = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
EXPIRY = "onward-expiry"
DELETED_AT_ONCE = 1000


class S3Buckets:
    """A :class:`domain.resource_store.ResourceStore` of buckets.

    The key needs, beside objects, to make buckets, and to read and write their tags, versioning, lifecycle, encryption.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._client: Any = access.client("s3")

    def ensure(self, name: str, declared: Bucket, mark: Mark) -> Provision:
        """Make the bucket, or configure the one that is there. Objects are never touched.

        :raises InvalidInput: the server cannot do what is declared, or keeps something else.
        """
        tags = self._tags(name)
        if tags is None:
            self._create(name)
        if not tags and self._holds_something(name):
            require_ours({}, mark, f"bucket {name}")
        if tags:
            require_ours(tags, mark, f"bucket {name}")
            if is_newer(tags, mark):
                return Provision.NEWER
        else:
            self._tag(name, {**tags_of(mark), NUMBER_TAG: "0"})
        changed = [self._version(name, declared), self._expire(name, declared), self._encrypt(name, declared)]
        if tags != tags_of(mark):
            self._tag(name, tags_of(mark))
        if not tags:
            return Provision.CREATED
        return Provision.UPDATED if any(changed) else Provision.UNCHANGED

    def address(self, name: str) -> str | None:
        """The URL of the bucket, with its name as the path; ``None`` when it is not there."""
        if self._tags(name) is None:
            return None
        endpoint = self._access.endpoint or f"https://s3.{self._access.region}.amazonaws.com"
        return f"{endpoint.rstrip('/')}/{name}"

    def names(self, prefix: str) -> Collection[str]:
        """The names that begin so."""
        with translated(SERVER, self._access.address, "the list of buckets"):
            listed = self._client.list_buckets().get("Buckets", [])
        return [str(each["Name"]) for each in listed if each["Name"].startswith(prefix)]

    def remove(self, prefix: str, stack: str) -> None:
        """Remove the buckets of a slice, with all that is in them."""
        for name in self.names(prefix):
            if (self._tags(name) or {}).get(STACK_TAG) in (stack, None):
                with translated(SERVER, self._access.address, f"bucket {name}"):
                    try:
                        self._empty(name)
                        self._client.delete_bucket(Bucket=name)
                    except ClientError as error:
                        if code_of(error) not in NO_BUCKET:  # somebody else was faster
                            raise

    def _create(self, name: str) -> None:
        region = self._access.region
        # The first region of AWS is the one that must not be named.
        there = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with translated(SERVER, self._access.address, f"bucket {name}"):
            try:
                self._client.create_bucket(Bucket=name, **there)
            except ClientError as error:
                if code_of(error) not in OURS:  # whose it is shows in its tags
                    raise

    def _version(self, name: str, declared: Bucket) -> bool:
        """What was once versioned can only be suspended: what is kept of its past stays."""
        with translated(SERVER, self._access.address, f"versioning of bucket {name}"):
            there = self._client.get_bucket_versioning(Bucket=name).get("Status")
            if (there == "Enabled") == declared.versioning:
                return False
            wanted = "Enabled" if declared.versioning else "Suspended"
            self._client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": wanted})
            kept = self._client.get_bucket_versioning(Bucket=name).get("Status")
        self._require_kept(name, "versioning", kept == wanted)
        return True

    def _expire(self, name: str, declared: Bucket) -> bool:
        """A bucket has one rule, and it is ours."""
        there = self._expiry(name)
        if there == declared.expire:
            return False
        with translated(SERVER, self._access.address, f"lifecycle of bucket {name}"):
            if declared.expire is None:
                self._client.delete_bucket_lifecycle(Bucket=name)
            else:
                days = declared.expire
                rule = {
                    "ID": EXPIRY,
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "Expiration": {"Days": days},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": days},
                }
                self._client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [rule]})
        self._require_kept(name, "expiry", self._expiry(name) == declared.expire)
        return True

    def _expiry(self, name: str) -> int | None:
        with translated(SERVER, self._access.address, f"lifecycle of bucket {name}"):
            try:
                rules = self._client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
            except ClientError as error:
                if code_of(error) != NO_RULES:
                    raise
                return None
        return next((int(rule["Expiration"]["Days"]) for rule in rules if rule.get("ID") == EXPIRY), None)

    def _encrypt(self, name: str, declared: Bucket) -> bool:
        """Nothing is asked of a server unless it is declared: AWS encrypts by itself."""
        if not declared.encrypted or self._encrypted(name):
            return False
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        with translated(SERVER, self._access.address, f"encryption of bucket {name}"):
            self._client.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
        self._require_kept(name, "encryption", self._encrypted(name))
        return True

    def _encrypted(self, name: str) -> bool:
        with translated(SERVER, self._access.address, f"encryption of bucket {name}"):
            try:
                rules = self._client.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
            except ClientError as error:
                if code_of(error) != NO_ENCRYPTION:
                    raise
                return False
        return bool(rules)

    def _require_kept(self, name: str, what: str, kept: bool) -> None:
        if not kept:
            raise InvalidInput(
                f"bucket {name}: it took the {what}, and does not keep it",
                where=f"{SERVER} at {self._access.address}",
                expected="a server that can do what `writes` declares: docs/resources.md",
            )

    def _tags(self, name: str) -> dict[str, str] | None:
        """No tags are an empty mapping; no bucket is ``None``."""
        with translated(SERVER, self._access.address, f"bucket {name}"):
            try:
                found = self._client.get_bucket_tagging(Bucket=name)["TagSet"]
            except ClientError as error:
                if code_of(error) == NO_TAGS:
                    return {}
                if code_of(error) in NO_BUCKET:
                    return None
                raise
        return {tag["Key"]: tag["Value"] for tag in found}

    def _tag(self, name: str, tags: dict[str, str]) -> None:
        with translated(SERVER, self._access.address, f"tags of bucket {name}"):
            listed = [{"Key": key, "Value": value} for key, value in tags.items()]
            self._client.put_bucket_tagging(Bucket=name, Tagging={"TagSet": listed})

    def _holds_something(self, name: str) -> bool:
        with translated(SERVER, self._access.address, f"bucket {name}"):
            return bool(self._client.list_objects_v2(Bucket=name, MaxKeys=1).get("KeyCount"))

    def _empty(self, name: str) -> None:
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=name, PaginationConfig={"PageSize": DELETED_AT_ONCE}
        )
        for page in pages:
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            if found:
                objects = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
                self._client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
