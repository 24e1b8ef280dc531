"""Manifests as they are read: verified again by whoever uses one."""

from __future__ import annotations

from collections.abc import Mapping

from domain import keys
from domain.artifact import Digest, verified
from domain.attestation import TrustedKey, open_envelope
from domain.manifest import Manifest, ManifestPointer, read_manifest
from domain.storage import ObjectStore


class ManifestReader:
    """Reads manifests and believes none that is not signed; whoever uses a manifest has one."""

    def __init__(self, store: ObjectStore, trusted: Mapping[str, TrustedKey]) -> None:
        self._store = store
        self._trusted = trusted

    def read(self, pointer: ManifestPointer) -> Manifest:
        """The manifest a pointer means; ``NotFound``, or ``Untrusted`` with the reason."""
        envelope = self._store.get(keys.envelope_key(pointer.digest))
        return read_manifest(verified(open_envelope(envelope, self._trusted), pointer.digest, pointer.uri))

    def read_digest(self, digest: Digest) -> Manifest:
        """The manifest of a digest; the same errors."""
        return self.read(self.pointer(digest))

    def pointer(self, digest: Digest) -> ManifestPointer:
        """Where the manifest of a digest is kept."""
        return ManifestPointer(uri=self._store.uri(keys.manifest_key(digest)), digest=digest)
