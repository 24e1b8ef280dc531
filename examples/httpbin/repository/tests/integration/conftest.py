"""httpbin's own cases, unchanged, against the httpbin that is deployed: its test client speaks HTTP."""

import json
import os
from fnmatch import fnmatchcase
from pathlib import Path

import httpbin
import pytest
from werkzeug.middleware.http_proxy import ProxyMiddleware

TARGET = {
    "target": os.environ["ONWARD_URL_WEB"],
    "host": None,  # keep the Host header that a case sends
    "headers": {},
    "remove_prefix": False,
    "ssl_context": None,
}
NOT_OVER_HTTP = json.loads(Path(__file__).with_name("not_over_http.json").read_text())
CASES = os.environ.get("ONWARD_CASES", "*")


class Wire:
    """Stands in place of httpbin's WSGI application, passes requests on, and counts them."""

    requests = 0

    def __init__(self):
        self._proxy = ProxyMiddleware(None, {})

    def __call__(self, environ, start_response):
        self.requests += 1
        return self._proxy.proxy_to(TARGET, environ["PATH_INFO"], "/")(environ, start_response)


wire = httpbin.app.wsgi_app = Wire()


@pytest.fixture(autouse=True)
def _it_asks_the_deployed_service():
    before = wire.requests
    yield
    if wire.requests == before:
        pytest.fail("this case asked the deployed service nothing")


def pytest_collection_modifyitems(config, items):
    """Leave out what cannot hold over HTTP, and what ONWARD_CASES does not name."""
    if unknown := NOT_OVER_HTTP.keys() - {item.name for item in items}:
        raise pytest.UsageError(f"not_over_http.json names cases that are not there: {unknown}")
    left_out = [item for item in items if item.name in NOT_OVER_HTTP or not fnmatchcase(item.name, CASES)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
