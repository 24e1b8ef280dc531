"""DSSE envelopes: how a manifest is signed (Dead Simple Signing Envelope v1.0.2).

The envelope signs ``PAE(payloadType, payload)``, so no parser runs before the signature was
checked. The keys themselves are the business of an engine; here are the bytes and the rule.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.errors import Untrusted

PAYLOAD_TYPE = "application/vnd.in-toto+json"
SIZE_LIMIT = 2 * 1024 * 1024


class Signature(BaseModel):
    """One signature; ``keyid`` is a hint only and proves nothing."""

    model_config = ConfigDict(frozen=True)

    keyid: str = ""
    sig: str


class Envelope(BaseModel):
    """A DSSE envelope in its JSON form."""

    model_config = ConfigDict(frozen=True)

    payloadType: str  # noqa: N815 – the specification's name
    payload: str
    signatures: tuple[Signature, ...] = Field(min_length=1, max_length=16)


class Signer(Protocol):
    """Holds the private key; only the build duty has one."""

    @property
    def key_id(self) -> str:
        """A name for the key: a digest of its public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature over a message."""


class TrustedKey(Protocol):
    """A public key that signatures are checked against."""

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether this key made the signature over the message."""


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """``PAE``: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def seal(payload: bytes, signer: Signer) -> Envelope:
    """Sign a payload."""
    signature = signer.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
    return Envelope(
        payloadType=PAYLOAD_TYPE,
        payload=base64.b64encode(payload).decode(),
        signatures=(Signature(keyid=signer.key_id, sig=base64.b64encode(signature).decode()),),
    )


def open_envelope(document: bytes, trusted: Mapping[str, TrustedKey]) -> bytes:
    """The payload, if at least one trusted key signed it.

    :param trusted: key ID → key; the ID is not believed, every key is tried.
    :raises Untrusted: too large, not an envelope, another payload type, or no trusted signature.
    """
    if len(document) > SIZE_LIMIT:
        raise Untrusted(f"an envelope of {len(document)} bytes; at most {SIZE_LIMIT}")
    try:
        envelope = Envelope.model_validate_json(document)
        payload = base64.b64decode(envelope.payload, validate=True)
        signatures = [base64.b64decode(signature.sig, validate=True) for signature in envelope.signatures]
    except (ValidationError, binascii.Error) as error:
        raise Untrusted(f"not a signed manifest (DSSE envelope): {type(error).__name__}") from None
    if envelope.payloadType != PAYLOAD_TYPE:
        raise Untrusted(f"signed payload is {envelope.payloadType!r}, expected {PAYLOAD_TYPE!r}")
    message = pre_authentication_encoding(envelope.payloadType, payload)
    if not any(key.verifies(message, signature) for signature in signatures for key in trusted.values()):
        raise Untrusted(f"no trusted key signed it; trusted: {', '.join(sorted(trusted)) or 'none'}")
    return payload
