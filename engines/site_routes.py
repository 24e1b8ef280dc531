"""Where the edge finds each site: a document in S3 that Traefik's HTTP provider polls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from domain.errors import Conflict
from domain.storage import SiteBucket
from engines.edge_routes import path_priority, path_rule

ROUTES_FILE = "routes.json"
ROUTES_KEY = f"served/{ROUTES_FILE}"

#: Lost races before the loss is handed to the caller's slower retry.
ATTEMPTS = 10

Routes = dict[str, Any]


class SiteRoutes:
    """The document of one environment: for each site by its canonical name, its path and its bucket."""

    def __init__(self, bucket: SiteBucket, stack: str) -> None:
        self._bucket = bucket
        self._stack = stack

    def ensure(self) -> str:
        """Make the document when it is not there; the URL that the edge polls.

        The edge is slow to come back to a document that was missing when it started.
        """
        self._bucket.claim(self._stack)
        self._change(lambda _: None)
        return self.url

    @property
    def url(self) -> str:
        """What the edge polls."""
        return f"{self._bucket.served_url}/{ROUTES_FILE}"

    def exist(self) -> bool:
        """Whether the document is there."""
        return self._bucket.read(ROUTES_KEY) is not None

    def names(self) -> list[str]:
        """The sites that have a route."""
        return sorted(self._read()[0].get("http", {}).get("services", {}))

    def put(self, name: str, path: str, served_url: str) -> None:
        """Send a path and all below it to a site's files; nothing is written when it is so already."""
        self._bucket.claim(self._stack)

        def add(routes: Routes) -> None:
            http = routes.setdefault("http", {})
            for part, items in site_route(name, path, served_url).items():
                http.setdefault(part, {}).update(items)

        self._change(add)

    def _change(self, change: Callable[[Routes], None]) -> None:
        for _ in range(ATTEMPTS):
            routes, content, etag = self._read_with_tag()
            change(routes)
            wanted = json.dumps(routes, indent=1, sort_keys=True).encode()
            if wanted == content:
                return
            try:
                self._bucket.write(ROUTES_KEY, wanted, etag, "application/json", "no-cache")
            except Conflict:
                continue
            return
        raise Conflict(f"{ROUTES_KEY}: {ATTEMPTS} other writers were faster")

    def _read(self) -> tuple[Routes, bytes]:
        routes, content, _ = self._read_with_tag()
        return routes, content

    def _read_with_tag(self) -> tuple[Routes, bytes, str | None]:
        found = self._bucket.read(ROUTES_KEY)
        return (json.loads(found.content), found.content, found.etag) if found else ({}, b"", None)


def site_route(name: str, path: str, served_url: str) -> dict[str, dict[str, Any]]:
    """Traefik's routers, middlewares and services for one site.

    ``<path>`` redirects to ``<path>/`` so that relative links work, a directory is answered by its
    ``index.html``, and the rest is the file's path in the bucket. Only reading passes, and no
    credential of the reader: S3 would take it for one of its own.
    """
    server = urlsplit(served_url)
    stem = path.rstrip("/")
    middlewares: dict[str, Any] = {
        f"{name}.anonymous": {"headers": {"customRequestHeaders": {"Authorization": "", "Cookie": ""}}},
        f"{name}.index": {"replacePathRegex": {"regex": "^(.*)/$", "replacement": "${1}/index.html"}},
        f"{name}.bucket": {"addPrefix": {"prefix": server.path}},
    }
    order = [f"{name}.anonymous", f"{name}.index", f"{name}.bucket"]
    if stem:
        middlewares[f"{name}.slash"] = {
            "redirectRegex": {"regex": f"^(https?://[^/]+{re.escape(stem)})(\\?.*)?$", "replacement": "${1}/${2}"}
        }
        middlewares[f"{name}.path"] = {"stripPrefix": {"prefixes": [stem]}}
        order = [f"{name}.slash", f"{name}.path", *order]
    router = {
        "rule": f"({path_rule(path)}) && (Method(`GET`) || Method(`HEAD`))",
        "priority": path_priority(path),
        "service": name,
        "middlewares": order,
    }
    service = {"loadBalancer": {"servers": [{"url": f"{server.scheme}://{server.netloc}"}], "passHostHeader": False}}
    return {"routers": {name: router}, "middlewares": middlewares, "services": {name: service}}
