"""Stage *manifest*: the signed record of a build."""

from __future__ import annotations

from temporalio import activity

from domain import keys
from domain.attestation import Signer, seal
from domain.manifest import Manifest, ManifestPointer
from domain.storage import ObjectStore


class ManifestActivities:
    """Writes and signs; only the build duty has a signer."""

    def __init__(self, store: ObjectStore, signer: Signer) -> None:
        self._store = store
        self._signer = signer

    @activity.defn
    def write_manifest(self, manifest: Manifest) -> ManifestPointer:
        """Keep the statement and its signed envelope, each under the statement's digest.

        Both are the same bytes in every attempt (Ed25519 signatures are deterministic, the times
        are the workflow's), so a second attempt finds its own first one. The envelope is written
        last: a manifest without one is not trusted by anybody.
        """
        document, digest = manifest.document(), manifest.digest
        key = keys.manifest_key(digest)
        self._store.create(key, document, "application/vnd.in-toto+json")
        self._store.create(keys.envelope_key(digest), seal(document, self._signer).model_dump_json().encode())
        return ManifestPointer(uri=self._store.uri(key), digest=digest)
