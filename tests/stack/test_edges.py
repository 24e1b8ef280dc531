"""An edge is described once: what ``up`` makes is what the environment's worker would make."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme

from domain.environment import ENVIRONMENTS, Environment
from domain.errors import InvalidInput
from duties.foundation import edge_run as edge_of_a_worker
from settings import EdgeSettings, StackSettings
from stack.edges import edge_run, edge_variables


@pytest.fixture
def settings(tmp_path: Path) -> StackSettings:
    """Of a stack whose prod has a domain, with a private ACME server."""
    roots = tmp_path / "roots.pem"
    trustme.CA().cert_pem.write_to_path(roots)
    return StackSettings(
        state_directory=tmp_path,
        edge_prod_domain="shop.example.test",
        acme_email="ann@example.test",
        acme_server="https://acme.example.test/directory",
        acme_roots=roots,
    )


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_worker_describes_the_edge_as_up_does(
    settings: StackSettings, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in edge_variables(settings, environment, "traefik:v0").items():
        monkeypatch.setenv(name, value)
    run = edge_run(settings, environment, "traefik:v0")

    assert edge_of_a_worker(EdgeSettings()) == run
    assert (run.tls is not None) == (environment is Environment.PROD)
    assert run.port == settings.edge_port(environment)


def test_roots_that_cannot_be_read_are_refused_before_anything_starts(settings: StackSettings) -> None:
    wrong = settings.model_copy(update={"acme_roots": settings.state / "none.pem"})
    with pytest.raises(InvalidInput, match=r"none\.pem: cannot be read(.|\n)*ONWARD_ACME_ROOTS"):
        edge_variables(wrong, Environment.PROD, "traefik:v0")


def test_a_domain_that_nobody_answers_for_is_refused() -> None:
    settings = StackSettings(edge_ci_domain="shop.example.test")
    with pytest.raises(InvalidInput, match=r"^ONWARD_ACME_EMAIL: not set, and the edge has a domain\n"):
        edge_run(settings, Environment.CI, "traefik:v0")
    assert edge_run(settings, Environment.PROD, "traefik:v0").tls is None


def test_nothing_but_certificates_is_taken_of_the_file(settings: StackSettings) -> None:
    certificates = settings.acme_roots.read_text()
    settings.acme_roots.write_bytes(trustme.CA().private_key_pem.bytes() + b"# \xff\n" + certificates.encode())
    tls = edge_run(settings, Environment.PROD, "traefik:v0").tls
    assert tls is not None
    assert tls.roots.split() == certificates.split()
