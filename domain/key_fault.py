"""A fault of one key that shows only beside something else: other keys, files, what was before."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic_core import PydanticCustomError

from domain.strict_yaml import Path

KEY_FAULT = "key_fault"
MISSING = object()


@dataclass(frozen=True)
class KeyFault:
    """What is wrong with a key of a definition that is valid as far as it goes by itself."""

    path: Path
    problem: str
    expected: str


def key_fault(*path: str | int, expected: str, value: object = MISSING) -> PydanticCustomError:
    """What a validator of pydantic raises to point at a key.

    :param path: from what is validated to the key.
    :param value: what is there; leave it out when the key is missing.
    """
    return PydanticCustomError(KEY_FAULT, "expected {expected}", {"path": path, "expected": expected, "value": value})
