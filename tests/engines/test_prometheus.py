"""PrometheusAlerts: what fires for a service, from a real Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from domain.environment import Environment
from domain.errors import Unreachable
from domain.evidence import FiringMonitor
from domain.identity import ServiceId
from domain.monitor import Alerts
from engines.prometheus import PrometheusAlerts
from tests.domain.builders import CART
from tests.free_ports import free_ports
from tests.servers import prometheus_server

LABELS = "{environment: prod, application: shop, role: cart, severity: page}"
RULES = f"""\
groups:
- name: always
  rules:
  - alert: CartIsSlow
    expr: vector(1)
    labels: {LABELS}
    annotations: {{summary: "half of all requests take {{{{ $value }}}} s"}}
  - {{alert: CartIsNotSureYet, expr: vector(1), for: 1h, labels: {LABELS}}}
  - {{alert: CartIsWell, expr: vector(1) > 2, labels: {LABELS}}}
  - {{alert: CiIsSlow, expr: vector(1), labels: {{environment: ci, application: shop, role: cart}}}}
  - {{alert: ShopIsSlow, expr: vector(1), labels: {{environment: prod, application: shop}}}}
"""


@pytest.fixture(scope="module")
def alerts() -> Iterator[Alerts]:
    with prometheus_server(RULES) as address:
        found = PrometheusAlerts(f"{address}/")
        deadline = time.monotonic() + 30
        while not found.firing(Environment.CI, CART):
            assert time.monotonic() < deadline, "no rule was judged"
            time.sleep(0.2)
        yield found


def _names(found: list[FiringMonitor]) -> list[str]:
    return [monitor.name for monitor in found]


@pytest.mark.server
def test_what_fires_with_a_services_labels_is_its_own(alerts: Alerts) -> None:
    (slow,) = alerts.firing(Environment.PROD, CART)

    assert (slow.name, slow.severity, slow.summary) == ("CartIsSlow", "page", "half of all requests take 1 s")
    assert slow.since.tzinfo is not None
    assert _names(alerts.firing(Environment.CI, CART)) == ["CiIsSlow"]
    assert alerts.firing(Environment.PROD, ServiceId(application="shop", role="web")) == []


def test_a_prometheus_that_is_down_is_named_with_its_address() -> None:
    address = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(Unreachable, match=f"Prometheus at {address} does not answer: Connection refused$"):
        PrometheusAlerts(address).firing(Environment.CI, CART)


@pytest.fixture
def answering() -> Iterator[Callable[[int, bytes], str]]:
    """Starts a server with one answer to everything."""
    servers: list[ThreadingHTTPServer] = []

    def start(status: int, content: bytes) -> str:
        class Answering(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "content", "said"), [(503, b"", "HTTP 503"), (200, b"<html>", "no Prometheus"), (200, b"{}", "no Prom")]
)
def test_what_is_no_answer_of_a_prometheus_says_so(
    answering: Callable[[int, bytes], str], status: int, content: bytes, said: str
) -> None:
    with pytest.raises(Unreachable, match=said):
        PrometheusAlerts(answering(status, content)).firing(Environment.CI, CART)
