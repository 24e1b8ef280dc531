"""TLS at an edge: a certificate of an ACME server that only a company knows, kept when the edge is made anew."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import requests
import trustme
from cryptography.x509 import Certificate, load_der_x509_certificate
from docker import DockerClient
from docker.errors import APIError

from domain.artifact import Artifact
from domain.bootstrap import Present
from domain.environment import Environment
from domain.errors import InvalidInput
from domain.identity import acme_roots, certificates_volume, edge_name
from engines.edge import EdgeProxy, EdgeRun
from engines.edge_tls import EdgeTls, read_roots
from stack.engine import bridge_gateway
from tests.acme import acme_server
from tests.engines.conftest import Environments, wait_for
from tests.free_ports import LOOPBACK, free_ports

DOMAIN = "shop.example.test"
WEB = {"ingress": {"path": "/web"}}
NOBODY = "https://127.0.0.1:1/directory"


@dataclass(frozen=True)
class Served:
    """What a client got by TLS, and from whom."""

    text: str
    certificate: Certificate


@dataclass(frozen=True)
class SecureEdge:
    """An edge that is to have a certificate; ``trusted``: the only root that a client believes."""

    proxy: EdgeProxy
    run: EdgeRun
    trusted: str = ""

    def served(self, path: str) -> Served | None:
        """What the domain answers, if its certificate is good; of any certificate when nobody is trusted."""
        assert self.run.tls
        context = ssl.create_default_context(cadata=self.trusted or None)
        if not self.trusted:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection((LOOPBACK, self.run.tls.port), timeout=5) as plain,
                context.wrap_socket(plain, server_hostname=DOMAIN) as secure,
            ):
                secure.sendall(f"GET {path} HTTP/1.0\r\nHost: {DOMAIN}\r\n\r\n".encode())
                text = b"".join(iter(lambda: secure.recv(4096), b"")).decode().rpartition("\r\n\r\n")[2]
                return Served(text, load_der_x509_certificate(secure.getpeercert(binary_form=True) or b""))
        except OSError:
            return None


@pytest.fixture
def secure_edge(docker_client: DockerClient, stack: str, edge_image: str) -> Iterator[SecureEdge]:
    """Not made yet; whoever it is to ask does not answer."""
    port, metrics_port, tls_port = free_ports(3, "0.0.0.0")  # noqa: S104 – where swarm publishes
    tls = EdgeTls(domain=DOMAIN, email="ann@example.test", server=NOBODY, port=tls_port)
    proxy = EdgeProxy(docker_client, stack)
    yield SecureEdge(proxy, EdgeRun(edge_image, port, metrics_port, tls=tls))
    proxy.remove(Environment.CI)
    wait_for(lambda: _volume_removed(docker_client, certificates_volume(stack, Environment.CI)))


@pytest.mark.server
def test_without_a_certificate_the_edge_serves_its_own_beside_http(
    docker_client: DockerClient, stack: str, secure_edge: SecureEdge, environment: Environments, first: Artifact
) -> None:
    secure_edge.proxy.ensure(Environment.CI, secure_edge.run)
    environment.arrive(environment.deployment(1, first, **WEB))

    wait_for(lambda: (served := secure_edge.served("/web/")) and served.text == "first")
    assert requests.get(f"http://{LOOPBACK}:{secure_edge.run.port}/web/", timeout=5).text == "first"
    volume = docker_client.volumes.get(certificates_volume(stack, Environment.CI))
    assert volume.attrs["Labels"] == {"onward.stack": stack}


@pytest.mark.server
def test_a_private_server_that_the_edge_knows_gives_it_a_certificate_once(
    docker_client: DockerClient, stack: str, secure_edge: SecureEdge, environment: Environments, first: Artifact
) -> None:
    tls = secure_edge.run.tls
    assert tls
    environment.arrive(environment.deployment(1, first, **WEB))
    with acme_server(bridge_gateway(docker_client), tls.port) as acme:
        tls = replace(tls, server=acme.url, roots=read_roots(acme.roots))
        run = replace(secure_edge.run, tls=tls)
        edge = SecureEdge(secure_edge.proxy, run, trusted=acme.issuer)
        stranger = replace(run, tls=replace(tls, roots=trustme.CA().cert_pem.bytes().decode()))
        edge.proxy.ensure(Environment.CI, stranger)
        other = _roots(docker_client, stack)
        wait_for(lambda: "certificate signed by unknown authority" in _log(docker_client, stack))
        assert edge.served("/web/") is None, "nobody gave it a certificate"

        edge.proxy.ensure(Environment.CI, run)
        wait_for(lambda: (served := edge.served("/web/")) and served.text == "first")
        given = edge.served("/web/")
        assert len(_roots(docker_client, stack)) == len(other) == 1
        assert _roots(docker_client, stack) != other
        assert edge.proxy.present(Environment.CI, run) is Present.RIGHT
        assert edge.proxy.present(Environment.CI, stranger) is Present.OTHER

    before = _task(docker_client, stack)
    docker_client.api.kill(before)
    wait_for(lambda: _task(docker_client, stack) not in ("", before) and edge.served("/web/") is not None)
    again = edge.served("/web/")
    assert given
    assert again
    assert again.certificate.serial_number == given.certificate.serial_number, "kept: the server is no more"
    edge.proxy.remove(Environment.CI)
    assert _roots(docker_client, stack) == []


@pytest.mark.server
def test_the_image_that_is_made_knows_the_public_authorities(docker_client: DockerClient, edge_image: str) -> None:
    container = docker_client.containers.create(edge_image)
    try:
        stream, _ = container.get_archive("/etc/ssl/certs/ca-certificates.crt")
        assert b"".join(stream).count(b"BEGIN CERTIFICATE") > 50
    finally:
        container.remove()


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "roots.pem"
    with pytest.raises(InvalidInput, match=r"roots\.pem: cannot be read: No such file"):
        read_roots(file)
    file.write_text("-----BEGIN PRIVATE KEY-----\n")
    with pytest.raises(InvalidInput, match=r"roots\.pem: no certificate in it"):
        read_roots(file)
    assert read_roots(Path()) == ""


def _roots(client: DockerClient, stack: str) -> list[str]:
    return [each.name for each in client.configs.list(filters={"name": acme_roots(stack, Environment.CI)})]


def _log(client: DockerClient, stack: str) -> str:
    task = _task(client, stack)
    return client.containers.get(task).logs().decode() if task else ""


def _task(client: DockerClient, stack: str) -> str:
    """The container of the edge, if it runs."""
    label = f"com.docker.swarm.service.name={edge_name(stack, Environment.CI)}"
    return next((str(each.id) for each in client.containers.list(filters={"label": label})), "")


def _volume_removed(client: DockerClient, name: str) -> bool:
    """A container that ends holds its volume for some moments."""
    try:
        client.api.remove_volume(name)
    except APIError:
        return False
    return True
