"""OciRegistry: what it holds, and whether that is what was pushed."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest
import requests

from domain.artifact import Digest, digest_of
from domain.errors import InvalidInput, Unreachable, Untrusted
from stores.registry import OciRegistry
from tests.free_ports import free_ports
from tests.servers import RegistryServer

pytestmark = pytest.mark.server

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"


def _push(server: RegistryServer, repository: str) -> Digest:
    """Push an image without layers."""
    config = json.dumps({"architecture": "amd64", "os": "linux", "created": uuid4().hex}).encode()
    base = f"http://{server.host}/v2/{repository}"
    upload = requests.post(f"{base}/blobs/uploads/", timeout=5).headers["Location"]
    requests.put(upload, params={"digest": digest_of(config)}, data=config, timeout=5).raise_for_status()
    pointer = {"mediaType": OCI_CONFIG, "digest": digest_of(config), "size": len(config)}
    manifest = json.dumps(
        {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": pointer, "layers": []}, indent=1
    ).encode()
    headers = {"Content-Type": OCI_MANIFEST}
    requests.put(f"{base}/manifests/tag", data=manifest, headers=headers, timeout=5).raise_for_status()
    return digest_of(manifest)


def _stored(server: RegistryServer, digest: Digest) -> Path:
    value = digest.removeprefix("sha256:")
    return server.files / f"docker/registry/v2/blobs/sha256/{value[:2]}/{value}/data"


def test_it_holds_what_was_pushed(registry: RegistryServer) -> None:
    store = OciRegistry(registry.host, tls=False)
    digest = _push(registry, "shop/cart")

    assert store.holds(store.reference("shop/cart", digest))
    assert not store.holds(store.reference("shop/catalog", digest))
    assert not store.holds(store.reference("shop/cart", digest_of(b"another")))


def test_a_manifest_that_was_changed_on_disk_is_not_trusted(registry: RegistryServer) -> None:
    store = OciRegistry(registry.host, tls=False)
    digest = _push(registry, "shop/changed")
    file = _stored(registry, digest)
    file.write_bytes(file.read_bytes() + b"\n")

    with pytest.raises(Untrusted, match=digest):
        store.holds(store.reference("shop/changed", digest))


def test_a_reference_by_tag_or_of_another_registry_is_refused(registry: RegistryServer) -> None:
    store = OciRegistry(registry.host, tls=False)
    for reference in (store.tagged("shop/cart", "tag"), f"elsewhere:5000/shop/cart@{digest_of(b'')}"):
        with pytest.raises(InvalidInput, match="by digest"):
            store.holds(reference)


def test_a_registry_that_is_down_is_unreachable() -> None:
    host = f"127.0.0.1:{free_ports(1)[0]}"
    store = OciRegistry(host, tls=False)
    with pytest.raises(Unreachable, match=f"image registry at {host} does not answer: Connection refused"):
        store.holds(store.reference("shop/cart", digest_of(b"")))
