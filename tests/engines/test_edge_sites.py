"""Sites at the edge."""

from __future__ import annotations

import pytest
import requests

from tests.engines.conftest import wait_for
from tests.engines.edges import Edge
from tests.engines.sites import Sites
from tests.fakes.progress import SilentProgress


@pytest.mark.server
def test_a_site_is_served_below_its_path(edge: Edge, sites: Sites) -> None:
    files = {"index.html": "home", "guide/index.html": "guide", "app.js": "code()"}
    sites.engine.deploy(sites.deployment(1, files, path="/docs"), SilentProgress())
    wait_for(lambda: edge.text("/docs/") == "home")
    assert edge.text("/docs/guide/") == "guide"
    assert edge.text("/docs/app.js") == "code()"
    assert edge.text("/docs?page=2") == "home"
    assert edge.text("/docs/nothing.html") == "404"
    assert edge.text("/document") == "404"
    assert requests.get(f"{edge.url}/docs", timeout=10).url == f"{edge.url}/docs/"
    with_password = requests.get(f"{edge.url}/docs/", timeout=10, auth=("reader", "secret"))
    assert with_password.text == "home"


@pytest.mark.server
def test_the_edge_shows_nothing_but_the_sites_files(edge: Edge, sites: Sites) -> None:
    sites.engine.deploy(sites.deployment(1, {"index.html": "home"}, path="/docs"), SilentProgress())
    wait_for(lambda: edge.text("/docs/") == "home")
    escapes = ["/docs/../state.json", "/docs/%2e%2e/state.json", "/docs/..%2fstate.json", "/docs/?list-type=2&acl"]
    assert all("stack" not in _raw(edge.url, path) for path in escapes)
    assert requests.put(f"{edge.url}/docs/x", data=b"x", timeout=10).status_code == 404


def _raw(url: str, path: str) -> str:
    request = requests.Request("GET", url).prepare()
    request.url = url + path
    with requests.Session() as session:
        return session.send(request, timeout=10).text
