"""Ed25519 keys: the build duty's private one, and the public ones that manifests are checked against."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from domain.errors import InvalidInput

PRIVATE_FILE = "signing-key.pem"

#: Below the directory of trusted keys: those of ci duties, which sign verdicts and nothing else.
VERDICTS = "verdicts"
PUBLIC_SUFFIX = ".pem"


class Ed25519Key:
    """A public key that is trusted."""

    def __init__(self, key: Ed25519PublicKey) -> None:
        self._key = key

    @property
    def key_id(self) -> str:
        """A digest of the key itself, so that one key has one name however often it is filed."""
        return _key_id(self._key)

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """Whether the key's owner signed the message."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


class Ed25519Signer:
    """The private key. Its signatures are deterministic (RFC 8032): the same message, the same bytes."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @classmethod
    def load(cls, file: Path) -> Ed25519Signer:
        """The key in a PEM file; :raises InvalidInput: there is none, or another kind of key."""
        key = _loaded(file, lambda content: load_pem_private_key(content, password=None))
        if not isinstance(key, Ed25519PrivateKey):
            raise InvalidInput("not an Ed25519 private key", where=str(file), expected="PEM, PKCS #8, not encrypted")
        return cls(key)

    @property
    def key_id(self) -> str:
        """A digest of the public half."""
        return _key_id(self._key.public_key())

    @property
    def public_pem(self) -> bytes:
        """The public half, as the file that :func:`load_trusted` reads."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, message: bytes) -> bytes:
        """The signature over a message: 64 bytes."""
        return self._key.sign(message)


def load_trusted(directory: Path) -> dict[str, Ed25519Key]:
    """Key ID → key, of all ``*.pem`` files in a directory; :raises InvalidInput: none, or a bad one."""
    trusted: dict[str, Ed25519Key] = {}
    for file in sorted(directory.glob(f"*{PUBLIC_SUFFIX}")):
        key = _loaded(file, load_pem_public_key)
        if not isinstance(key, Ed25519PublicKey):
            raise InvalidInput("not an Ed25519 public key", where=str(file), expected="PEM, SubjectPublicKeyInfo")
        trusted[_key_id(key)] = Ed25519Key(key)
    if not trusted:
        raise InvalidInput("no trusted key", where=str(directory), expected="at least one public key, *.pem")
    return trusted


def generate(private: Path, public: Path) -> None:
    """Make a pair of keys; the private file is its owner's alone. A private key that is there stays."""
    private.parent.mkdir(parents=True, exist_ok=True)
    public.parent.mkdir(parents=True, exist_ok=True)
    if not private.exists():
        content = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    public.write_bytes(Ed25519Signer.load(private).public_pem)


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _loaded(file: Path, load: Callable[[bytes], object]) -> object:
    try:
        return load(file.read_bytes())
    except OSError as error:
        raise InvalidInput(error.strerror or "cannot be read", where=str(file), expected="a key file") from None
    except TypeError:
        raise InvalidInput("the key is encrypted", where=str(file), expected="PEM, PKCS #8, not encrypted") from None
    except (ValueError, UnsupportedAlgorithm):
        raise InvalidInput("not a key", where=str(file), expected="a PEM file") from None
