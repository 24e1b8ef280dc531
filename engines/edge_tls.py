"""TLS at the edge of an environment: the certificate is Traefik's own concern, from an ACME server."""

from __future__ import annotations

from dataclasses import dataclass

from engines.labels import Label
from engines.swarm_api import Json

TLS_PORT = 8443

#: What Traefik calls the one certificate resolver of an edge.
RESOLVER = "onward"

#: Where Traefik keeps the account and the certificates: a volume, so that a new task asks for none.
CERTIFICATES = "/certificates"


@dataclass(frozen=True)
class EdgeTls:
    """The name that a certificate is asked for, and of whom.

    ``server``: the ACME directory; empty for Let's Encrypt. ``port``: where TLS is published.
    """

    domain: str
    email: str
    server: str
    port: int

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
        return [*arguments, f"{acme}.caServer={self.server}"] if self.server else arguments


def certificates_mount(name: str, stack: str) -> Json:
    """The volume of an edge's certificates, with the stack's label."""
    options = {"Labels": {Label.STACK.value: stack}}
    return {"Type": "volume", "Source": name, "Target": CERTIFICATES, "VolumeOptions": options}
