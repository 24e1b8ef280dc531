"""Bundles that nobody made in good faith, and how the files of a good one are served."""

from __future__ import annotations

import stat
import zipfile
from io import BytesIO

import pytest

from domain.environment import Environment
from domain.errors import InvalidInput
from engines.site_files import FOREVER, cache_control, content_type, in_upload_order
from tests.engines.sites import Sites, zipped
from tests.fakes.progress import SilentProgress


def _link() -> bytes:
    entry = zipfile.ZipInfo("secret")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return _zip({"index.html": "", entry: "/etc/passwd"})


def _zip(files: dict[str | zipfile.ZipInfo, str], compression: int = zipfile.ZIP_STORED) -> bytes:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", compression) as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return content.getvalue()


def _bomb() -> bytes:
    """Four files of 200 MB that are all zeros: under a megabyte on the wire."""
    zeros = "\0" * (200 * 1024 * 1024)
    return _zip({"index.html": "", **{f"{number}.bin": zeros for number in range(3)}}, zipfile.ZIP_DEFLATED)


HOSTILE = {
    "no zip file": lambda: b"PK nothing",
    "it has no index.html": lambda: zipped({"page.html": ""}),
    "is no path inside of the site": lambda: zipped({"index.html": "", "../state.json": "{}"}),
    "'/etc/passwd' is no path": lambda: zipped({"index.html": "", "/etc/passwd": ""}),
    "'a//b' is no path": lambda: zipped({"index.html": "", "a//b": ""}),
    "is a link or a device": _link,
    "it has 20001 files": lambda: zipped({str(number): "" for number in range(20_001)}),
    "cannot be read": lambda: zipped({"index.html": "home"}).replace(b"home", b"HOME"),
    "its files are over": _bomb,
}


@pytest.mark.server
@pytest.mark.parametrize("problem", HOSTILE)
def test_a_hostile_bundle_is_refused_before_anything_is_written(sites: Sites, problem: str) -> None:
    good = sites.deployment(1, {"index.html": "good"})
    sites.engine.deploy(good, SilentProgress())
    with pytest.raises(InvalidInput, match=problem):
        sites.engine.deploy(sites.deployment_of(2, HOSTILE[problem]()), SilentProgress())
    state = sites.engine.observe(Environment.CI, good.service)
    assert state is not None
    assert (state.number, state.state) == (1, "running")


def test_assets_come_before_documents_and_the_entry_last() -> None:
    assert in_upload_order(["index.html", "a.css", "z.html", "b/index.html"]) == (
        ["a.css"],
        ["b/index.html", "z.html", "index.html"],
    )


@pytest.mark.parametrize(
    ("path", "immutable"),
    [
        ("assets/app.0123abcd.js", True),
        ("app-9f86d081884c.css", True),
        ("app.js", False),
        ("report-20260101.pdf", False),
        ("decade.js", False),
        ("page.0123abcd.html", False),
    ],
)
def test_what_carries_a_hash_in_its_name_is_kept_for_ever(path: str, immutable: bool) -> None:
    assert (cache_control(path) == FOREVER) is immutable


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/index.html", "text/html; charset=utf-8"),
        ("app.js", "text/javascript; charset=utf-8"),
        ("font.woff2", "font/woff2"),
        ("logo.svg", "image/svg+xml"),
        ("data.tar.gz", "application/octet-stream"),
        ("LICENSE", "application/octet-stream"),
    ],
)
def test_a_file_has_its_media_type(path: str, expected: str) -> None:
    assert content_type(path) == expected
