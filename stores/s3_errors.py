"""What goes wrong with S3, in Onward's words. No text holds a key."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from domain.errors import Conflict, InvalidInput, NotFound, OnwardError, Unreachable

SERVER = "S3"

ABSENT = frozenset({"NoSuchKey", "404", "NotFound"})
#: A conditional write that was lost: 412, and 409 while another write of the key is under way.
LOST = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "OperationAborted", "409"})
NO_ANSWER = (exceptions.ConnectionError, exceptions.HTTPClientError, exceptions.IncompleteReadError)
FOREIGN_KEY = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity"})
DENIED = frozenset({"AccessDenied", "AllAccessDisabled", "403", "Forbidden"})


def code_of(error: ClientError) -> str:
    """S3's own code, such as ``NoSuchKey``; an HTTP status where an answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(address: str, what: str) -> Iterator[None]:
    """Raise what goes wrong inside as an error of the domain.

    :param what: the bucket or the object, as a URI.
    :raises NotFound: it is not there.
    :raises Conflict: a conditional write was answered "lost".
    :raises InvalidInput: the keys are wrong or do not allow it, the clock is wrong, or S3
        refuses the request as such.
    :raises Unreachable: no answer, or one that says "not now".
    """
    try:
        yield
    except ClientError as error:
        raise _refusal(error, address, what) from error
    except NO_ANSWER as error:
        raise Unreachable(SERVER, address, _reason(error)) from error
    except BotoCoreError as error:
        raise InvalidInput(str(error), where=f"{SERVER} at {address}") from error


def _refusal(error: ClientError, address: str, what: str) -> OnwardError:
    code, where = code_of(error), f"{SERVER} at {address}"
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    if code in ABSENT or code == "NoSuchBucket":
        thing = f"the bucket of {what}" if code == "NoSuchBucket" else what
        return NotFound(f"{where}: {thing} is not there")
    if code in LOST:
        return Conflict(f"{what} was written by somebody else")
    if code == "RequestTimeTooSkewed":
        return InvalidInput(
            "the clock of this machine and the clock of the server differ too much",
            where=where,
            expected="less than 15 minutes",
            next="timedatectl status",
        )
    if code in FOREIGN_KEY:
        expected = "the access key and the secret key of this duty"
        return InvalidInput(f"it does not know the keys ({code})", where=where, expected=expected)
    if code in DENIED:
        return InvalidInput(f"the access key is not allowed to use {what} so ({code})", where=where)
    text = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
    if status >= 500 or status in (0, 408, 429):
        return Unreachable(SERVER, address, text)
    return InvalidInput(f"{what}: {text}", where=where)


def _reason(error: BotoCoreError) -> str:
    """The innermost cause: the outer ones repeat it, with the whole URL."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return (cause.strerror if isinstance(cause, OSError) else None) or str(cause) or type(cause).__name__
