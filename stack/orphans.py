"""What ``onward doctor`` says of queues and buckets that nobody owns any more: nothing deletes them by itself."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from domain.errors import InvalidInput, OnwardError
from domain.identity import Duty
from domain.keys import OWNERSHIP
from domain.ownership import Ownership
from settings import StackSettings
from stack.credentials import Credentials
from stack.findings import Finding, Level
from stack.servers import BUCKET, s3_access
from stores.s3 import S3ObjectStore
from stores.s3_client import BRISK


def orphans(settings: StackSettings, credentials: Credentials, gateway: str) -> Iterator[Finding]:
    """One line for each, and for what cannot be read; none when S3 is not there, which is said elsewhere."""
    access = s3_access(settings, credentials, gateway, Duty.BUILD)
    store = S3ObjectStore(**access, bucket=BUCKET, limits=BRISK)
    try:
        for key in store.keys(OWNERSHIP):
            try:
                ownership = Ownership.model_validate_json(store.get(key))
            except ValidationError:
                yield Finding(
                    key, Level.WARN, "cannot be read: it is no registry of owners", "restore it from a backup"
                )
            else:
                yield from _of(ownership)
    except InvalidInput as error:
        yield Finding("owners", Level.WARN, str(error).partition("\n")[0], "onward up")
    except OnwardError:
        return


def _of(ownership: Ownership) -> Iterator[Finding]:
    for resource, holding in ownership.all():
        if holding.orphaned:
            subject = f"{resource.kind} {ownership.application}-{resource.name}"
            detail = f"orphaned in ci and prod: {holding.since} dropped it, and nobody writes it"
            yield Finding(subject, Level.WARN, detail, f"onward owners {ownership.application}")
