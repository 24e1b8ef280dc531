"""A fault of one key that shows only beside other keys, as pydantic's validators raise it."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

KEY_FAULT = "key_fault"
MISSING = "missing key"


def key_fault(*path: str | int, problem: str, expected: str) -> PydanticCustomError:
    """What a validator raises to point at a key.

    :param path: from the validated value to the key.
    :param problem: what is there, or :data:`MISSING`.
    :param expected: what should be there.
    """
    context = {"path": path, "problem": problem, "expected": expected}
    return PydanticCustomError(KEY_FAULT, "{problem}; expected {expected}", context)
