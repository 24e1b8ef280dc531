"""What a build made and a store keeps: a pointer, never the thing itself."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from domain.errors import Untrusted

Digest = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]


class ArtifactKind(StrEnum):
    """What an artifact is, and so which store keeps it."""

    IMAGE = "image"
    SUITE = "suite"
    BUNDLE = "bundle"
    MONITORS = "monitors"
    DEFINITION = "definition"
    SOURCE = "source"


class Artifact(BaseModel):
    """A pointer: where it is kept and the digest that its bytes must have."""

    model_config = ConfigDict(frozen=True)

    kind: ArtifactKind
    uri: str
    digest: Digest


def canonical_json(value: Any) -> bytes:
    """One byte sequence per value: sorted keys, no white space, UTF-8 (after RFC 8785 for the
    strings, booleans, nulls and integers that we use; floats are refused)."""
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError(f"no floats in canonical JSON: {value}")
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ():
        _refuse_floats(item)


def digest_of(content: bytes) -> Digest:
    """``sha256:<hex>`` of the bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def verified(content: bytes, digest: Digest, what: str) -> bytes:
    """The bytes, if they have the digest.

    :raises Untrusted: naming ``what``, the expected and the actual digest.
    """
    actual = digest_of(content)
    if actual != digest:
        raise Untrusted(f"{what}: expected {digest}, its bytes have {actual}")
    return content
