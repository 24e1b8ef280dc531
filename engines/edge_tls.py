"""TLS at the edge of an environment: the certificate is Traefik's own concern, from an ACME server."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificates

from domain.artifact import digest_of
from domain.errors import InvalidInput
from engines.labels import Label
from engines.swarm_api import Json

TLS_PORT = 8443

#: What Traefik calls the one certificate resolver of an edge.
RESOLVER = "onward"

#: Where Traefik keeps the account and the certificates: a volume, so that a new task asks for none.
CERTIFICATES = "/certificates"

#: Where Traefik reads by whom the ACME server's own certificate is signed, when that is said.
ROOTS = "/acme-roots.pem"


@dataclass(frozen=True)
class EdgeTls:
    """The name that a certificate is asked for, and of whom.

    ``server``: the ACME directory; empty for Let's Encrypt. ``port``: where TLS is published.
    ``roots``: PEM certificates that the ACME server is known by; empty for the public ones.
    """

    domain: str
    email: str
    server: str
    port: int
    roots: str = ""

    def arguments(self) -> list[str]:
        """What the edge is started with on top; every route is served with TLS, too, sites among them.

        The server asks back on the TLS port of the domain (TLS-ALPN, RFC 8737).
        """
        acme = f"--certificatesResolvers.{RESOLVER}.acme"
        arguments = [
            f"--entryPoints.websecure.address=:{TLS_PORT}",
            f"--entryPoints.websecure.http.tls.certResolver={RESOLVER}",
            f"--entryPoints.websecure.http.tls.domains[0].main={self.domain}",
            f"{acme}.tlsChallenge=true",
            f"{acme}.storage={CERTIFICATES}/acme.json",
        ]
        if self.email:
            arguments.append(f"{acme}.email={self.email}")
        if self.server:
            arguments.append(f"{acme}.caServer={self.server}")
        return [*arguments, f"{acme}.caCertificates={ROOTS}"] if self.roots else arguments


def read_roots(file: Path) -> str:
    """The certificates in a PEM file, and nothing else of it; nothing for the empty path.

    :raises InvalidInput: the file cannot be read, or holds no certificate.
    """
    if file == Path():
        return ""
    expected = "certificates (PEM) that a private ACME server is known by"
    again = "name their file in ONWARD_ACME_ROOTS; for a worker in ONWARD_EDGE_ACME_ROOTS"
    try:
        content = file.expanduser().read_bytes()
        found = load_pem_x509_certificates(content)
    except OSError as error:
        raise InvalidInput(
            f"cannot be read: {error.strerror}", where=str(file), expected=expected, next=again
        ) from error
    except ValueError as error:
        raise InvalidInput("no certificate in it", where=str(file), expected=expected, next=again) from error
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in found)


def certificates_mount(name: str, stack: str) -> Json:
    """The volume of an edge's certificates, with the stack's label."""
    options = {"Labels": {Label.STACK.value: stack}}
    return {"Type": "volume", "Source": name, "Target": CERTIFICATES, "VolumeOptions": options}


def roots_file(prefix: str, roots: str) -> Json:
    """The swarm config with the ACME server's roots, as an edge has it; other roots are another config."""
    name = prefix + digest_of(roots.encode()).partition(":")[2][:8]
    return {"ConfigName": name, "File": {"Name": ROOTS, "UID": "0", "GID": "0", "Mode": 0o444}}
