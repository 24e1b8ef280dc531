"""The APIs of AWS that engines speak – SQS and S3 – and what goes wrong with them, in Onward's words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from domain.errors import ForeignResource, InvalidInput, OnwardError, Unreachable
from domain.resource_store import Mark

NO_ANSWER = (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)
KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity", "InvalidClientTokenId"})
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403", "Forbidden"})

#: What a resource carries beside ``onward.stack``, which the buckets of sites carry, too.
STACK_TAG, OWNER_TAG, NUMBER_TAG = "onward.stack", "onward.owner", "onward.number"
RELEASE_TAG, ENVIRONMENT_TAG, SLICE_TAG = "onward.release", "onward.environment", "onward.slice"


@dataclass(frozen=True)
class Patience:
    """How long a server may be silent: seconds to connect and to answer, in each of some attempts."""

    connect: float = 2
    answer: float = 25
    attempts: int = 3


@dataclass(frozen=True)
class Access:
    """Where a server is – nowhere in particular for AWS itself – and the key."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str
    patience: Patience = Patience()

    @property
    def address(self) -> str:
        """How the server is named in errors."""
        return self.endpoint or f"AWS {self.region}"

    def client(self, service: str) -> Any:
        """A client that many threads may use."""
        return boto3.session.Session().client(
            service,  # type: ignore[call-overload]  # a variable among literals
            endpoint_url=self.endpoint or None,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=Config(
                connect_timeout=self.patience.connect,
                read_timeout=self.patience.answer,
                retries={"mode": "standard", "total_max_attempts": self.patience.attempts},
                s3={"addressing_style": "path" if self.endpoint else "auto"},
            ),
        )


def code_of(error: ClientError) -> str:
    """The server's own code, such as ``NoSuchBucket``."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(server: str, address: str, what: str) -> Iterator[None]:
    """Raise what goes wrong inside as an error of the domain. No text holds a key.

    :param server: ``SQS`` or ``S3``.
    :param what: the thing with its name, such as ``queue prod-shop-orders``.
    :raises InvalidInput: the keys are wrong or do not allow it, or the server refuses the request as such.
    :raises Unreachable: no answer, or one that says "not now".
    """
    where = f"{server} at {address}"
    try:
        yield
    except ClientError as error:
        raise _refusal(error, server, address, what) from error
    except NO_ANSWER as error:
        raise Unreachable(server, address, _reason(error)) from error
    except BotoCoreError as error:
        raise InvalidInput(f"{what}: {error}", where=where) from error


def _refusal(error: ClientError, server: str, address: str, what: str) -> OnwardError:
    code, where = code_of(error), f"{server} at {address}"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in KEYS:
        expected = "the access key and the secret key of this duty"
        return InvalidInput(f"it does not know the keys ({code})", where=where, expected=expected)
    if code in DENIED:
        return InvalidInput(f"the access key is not allowed to use {what} so ({code})", where=where)
    text = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
    if (status >= 500 and status != 501) or status in (0, 408, 429):
        return Unreachable(server, address, text)
    return InvalidInput(f"{what}: {text}", where=where, next="docs/resources.md says what each server can do")


def _reason(error: BotoCoreError) -> str:
    """The innermost cause: the outer ones repeat it, with the whole URL."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__


def tags_of(mark: Mark) -> dict[str, str]:
    """A mark as tags."""
    tags = {
        STACK_TAG: mark.stack,
        ENVIRONMENT_TAG: mark.environment.value,
        OWNER_TAG: str(mark.owner),
        NUMBER_TAG: str(mark.number),
        RELEASE_TAG: mark.release,
    }
    return tags | ({SLICE_TAG: mark.slice} if mark.slice else {})


def is_newer(tags: Mapping[str, str], mark: Mark) -> bool:
    """Whether a newer release has configured what carries the tags."""
    return int(tags.get(NUMBER_TAG, "0")) > mark.number


def require_ours(tags: Mapping[str, str], mark: Mark, what: str) -> None:
    """Let pass what carries the mark of this stack and owner, or of one who owned it before.

    :raises ForeignResource: whose it is instead.
    """
    stack, owner = tags.get(STACK_TAG), tags.get(OWNER_TAG)
    if stack is None:
        reason = f"{what} was not made by Onward: it has no tag {STACK_TAG}"
        way_on = "give the resource another name, or remove what is there if nobody needs it"
    elif stack != mark.stack:
        reason = f"{what} belongs to another stack: its tag {STACK_TAG} is {stack}, this stack is {mark.stack}"
        way_on = "release from that stack, or give this one a server of its own"
    elif owner is None:
        reason = f"{what} is a site's: it has no tag {OWNER_TAG}"
        way_on = "give the bucket another name than a static service of the application has"
    elif owner not in {str(mark.owner), *map(str, mark.former)}:
        reason = f"{what} belongs to {owner}: its tag {OWNER_TAG} says so, and {mark.owner} never took it over"
        way_on = f"onward owners {mark.owner.application}"
    elif tags.get(SLICE_TAG, "") != mark.slice:
        reason = f"{what} belongs to another slice: its tag {SLICE_TAG} is {tags.get(SLICE_TAG)}"
        way_on = "wait for the sweep, which removes slices that nobody needs"
    else:
        return
    raise ForeignResource(f"{reason}\n  next: {way_on}")
