"""DSSE envelopes: only what a trusted key signed gets through; the published library agrees."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from securesystemslib.dsse import Envelope as PublishedEnvelope
from securesystemslib.signer._key import SSlibKey

from domain.attestation import PAYLOAD_TYPE, Envelope, open_envelope, pre_authentication_encoding, seal
from domain.errors import Untrusted
from engines.ed25519 import Ed25519Key, Ed25519Signer, generate, load_trusted

PAYLOAD = b'{"_type":"https://in-toto.io/Statement/v1"}'


class Keys:
    """A fresh pair of keys."""

    def __init__(self, directory: Path) -> None:
        generate(directory / "private.pem", directory / "trusted" / "build.pem")
        self.signer = Ed25519Signer.load(directory / "private.pem")
        self.trusted = load_trusted(directory / "trusted")


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


def _changed(envelope: Envelope, **changes: Any) -> bytes:
    return json.dumps(envelope.model_dump() | changes).encode()


def test_what_was_signed_is_what_is_read(keys: Keys) -> None:
    assert open_envelope(seal(PAYLOAD, keys.signer).model_dump_json().encode(), keys.trusted) == PAYLOAD


def test_the_encoding_is_the_specifications_own_example() -> None:
    assert pre_authentication_encoding("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_the_published_library_accepts_our_envelope(keys: Keys) -> None:
    envelope = seal(PAYLOAD, keys.signer)
    public = SSlibKey.from_crypto(load_pem_public_key(keys.signer.public_pem), keyid=keys.signer.key_id)

    published = PublishedEnvelope.from_dict(envelope.model_dump(mode="json"))

    assert list(published.verify([public], 1)) == [keys.signer.key_id]


def test_a_key_that_is_not_trusted_signs_nothing(keys: Keys, tmp_path: Path) -> None:
    stranger = Keys(tmp_path / "other")

    with pytest.raises(Untrusted, match="no trusted key signed it"):
        open_envelope(seal(PAYLOAD, stranger.signer).model_dump_json().encode(), keys.trusted)


def test_the_name_of_a_key_proves_nothing(keys: Keys, tmp_path: Path) -> None:
    stranger = Keys(tmp_path / "other")
    forged = seal(PAYLOAD, stranger.signer)
    claimed = [{"keyid": keys.signer.key_id, "sig": forged.signatures[0].sig}]

    with pytest.raises(Untrusted, match="no trusted key signed it"):
        open_envelope(_changed(forged, signatures=claimed), keys.trusted)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"payload": base64.b64encode(PAYLOAD + b" ").decode()}, "no trusted key signed it"),
        ({"payloadType": "text/plain"}, f"expected '{PAYLOAD_TYPE.replace('+', '.')}'"),
        ({"payload": "not base64!"}, "not a signed manifest"),
        ({"signatures": []}, "not a signed manifest"),
        ({"signatures": [{"sig": ""}] * 17}, "not a signed manifest"),
    ],
)
def test_an_envelope_that_was_changed_is_not_trusted(keys: Keys, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Untrusted, match=reason):
        open_envelope(_changed(seal(PAYLOAD, keys.signer), **changes), keys.trusted)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b"x" * (2 * 1024 * 1024 + 1)])
def test_what_is_no_envelope_is_not_trusted(keys: Keys, document: bytes) -> None:
    with pytest.raises(Untrusted):
        open_envelope(document, keys.trusted)


def test_a_key_has_one_name_on_both_sides(keys: Keys) -> None:
    (name,) = keys.trusted

    assert name == keys.signer.key_id
    assert isinstance(keys.trusted[name], Ed25519Key)
