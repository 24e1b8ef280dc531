"""A certificate authority with ACME, as a company has its own: Pebble, with a name server that it asks."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import trustme

from stack.programs import PEBBLE, PEBBLE_NAMES
from tests.free_ports import LOOPBACK, free_ports
from tests.servers import running, scratch_directory, words_of


@dataclass(frozen=True)
class AcmeServer:
    """``roots``: a file of what the server itself is known by. ``issuer``: the root of what it issues, PEM."""

    url: str
    roots: Path
    issuer: str


@contextmanager
def acme_server(address: str, tls_port: int) -> Iterator[AcmeServer]:
    """Pebble, which takes each domain for this machine and asks it back on one port (TLS-ALPN).

    :param address: where it answers; containers must reach it.
    """
    with scratch_directory("acme") as directory, scratch_directory("acme-names") as elsewhere:
        port, management, names = free_ports(3, address)
        authority, roots = trustme.CA(), directory / "roots.pem"
        own = authority.issue_cert(address)
        authority.cert_pem.write_to_path(roots)
        own.private_key_pem.write_to_path(directory / "key.pem")
        own.cert_chain_pems[0].write_to_path(directory / "certificate.pem")
        settings = {
            "listenAddress": f"{address}:{port}",
            "managementListenAddress": f"{address}:{management}",
            "certificate": str(directory / "certificate.pem"),
            "privateKey": str(directory / "key.pem"),
            "httpPort": 1,
            "tlsPort": tls_port,
        }
        (directory / "pebble.json").write_text(json.dumps({"pebble": settings}))
        name_server = f"{LOOPBACK}:{names}"
        answers = ["-dns01", name_server, "-defaultIPv4", LOOPBACK, "-defaultIPv6", ""]
        nothing_else = ["-http01", "", "-https01", "", "-tlsalpn01", "", "-management", ""]
        options = ["-config", str(directory / "pebble.json"), "-dnsserver", name_server]
        issuer = f"https://{address}:{management}/roots/0"
        with (
            running(words_of(PEBBLE_NAMES, elsewhere, *answers, *nothing_else), elsewhere, lambda: _listens(names)),
            running(
                words_of(PEBBLE, directory, *options),
                directory,
                lambda: requests.get(issuer, verify=str(roots), timeout=1).ok,
                {**os.environ, "PEBBLE_VA_NOSLEEP": "1"},
            ),
        ):
            root = requests.get(issuer, verify=str(roots), timeout=5).text
            yield AcmeServer(f"https://{address}:{port}/dir", roots, root)


def _listens(port: int) -> bool:
    """Names are asked for by TCP, too."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
