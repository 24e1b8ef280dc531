"""A fault of one key that shows only beside other keys, as pydantic's validators raise it."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

KEY_FAULT = "key_fault"
MISSING = object()


def key_fault(*path: str | int, expected: str, value: object = MISSING) -> PydanticCustomError:
    """What a validator raises to point at a key.

    :param path: from what is validated to the key.
    :param value: what is there; leave it out when the key is missing.
    """
    return PydanticCustomError(KEY_FAULT, "expected {expected}", {"path": path, "expected": expected, "value": value})
