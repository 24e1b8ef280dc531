"""Sites on a real S3: forward only, whole wherever a deploy is killed, hostile bundles refused."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from io import BytesIO

import pytest
import requests

from domain.deployment import Action, UpdateState, is_whole, settled
from domain.environment import Environment
from domain.errors import Conflict, ForeignResource, InvalidInput, Superseded, Unreachable, Untrusted, VerifyFailed
from domain.storage import SiteBucket, StoredObject
from engines.site_files import FOREVER, cache_control, content_type, in_upload_order
from tests.engines.sites import Sites, zipped
from tests.fakes.progress import SilentProgress

SITE = {"index.html": "one", "about.html": "about one", "app.0123abcd.js": "run(1)", "style.css": "red"}
NEXT = {"index.html": "two", "about.html": "about two", "app.4567cdef.js": "run(2)", "style.css": "red"}


@dataclass
class CrashingBucket:
    """A real bucket whose machine dies before a write of a file; the writes are kept by key."""

    bucket: SiteBucket
    crash_at: Callable[[str], bool] = lambda _: False
    before_write: Callable[[str], None] = lambda _: None
    written: list[str] = field(default_factory=list)

    @property
    def served_url(self) -> str:
        return self.bucket.served_url

    def claim(self, stack: str) -> None:
        self.bucket.claim(stack)

    def read(self, key: str) -> StoredObject | None:
        return self.bucket.read(key)

    def write(self, key: str, content: bytes, etag: str | None, content_type: str, cache_control: str) -> None:
        self.before_write(key)
        if self.crash_at(key):
            raise Unreachable("S3", "test", f"killed before {key}")
        self.bucket.write(key, content, etag, content_type, cache_control)
        self.written.append(key)


def through(sites: Sites, bucket: CrashingBucket) -> Sites:
    """The same sites, of which the site's own bucket is replaced."""
    return replace(sites, buckets=lambda name: bucket if name.startswith("ci-") else sites.buckets(name))


def bucket_of(sites: Sites) -> SiteBucket:
    return sites.buckets(f"ci-{sites.application}-site")


def recorded(sites: Sites, **faults: Callable[[str], bool]) -> CrashingBucket:
    return CrashingBucket(bucket_of(sites), **faults)


@pytest.mark.server
def test_a_first_deploy_arrives(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    assert sites.engine.deploy(deployment) is Action.CREATE
    state = sites.engine.observe(deployment.environment, deployment.service)
    assert state is not None
    assert settled(state, deployment)
    assert (state.number, state.served.number, state.state) == (1, 1, "running")
    assert sites.engine.probe(deployment, SilentProgress()) == "4 files are those of release #1"
    assert [each.name for each in sites.engine.running(Environment.CI)] == [deployment.name]
    assert sites.engine.running(Environment.PROD) == []


@pytest.mark.server
def test_everybody_reads_the_files_and_nothing_else(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    sites.engine.deploy(deployment)
    url = sites.engine.url(Environment.CI, deployment.definition)
    page, script = requests.get(f"{url}/index.html", timeout=5), requests.get(f"{url}/app.0123abcd.js", timeout=5)
    assert (page.text, page.headers["Content-Type"]) == ("one", "text/html; charset=utf-8")
    assert (page.headers["Cache-Control"], script.headers["Cache-Control"]) == ("no-cache", FOREVER)
    closed = [url.removesuffix("/served") + path for path in ("/state.json", "/", "/?list-type=2", "/?policy")]
    assert {requests.get(each, timeout=5).status_code for each in closed} == {403}
    assert requests.put(f"{url}/index.html", data=b"x", timeout=5).status_code == 403


@pytest.mark.server
def test_only_what_changed_is_written_and_the_entry_document_last(sites: Sites) -> None:
    sites.engine.deploy(sites.deployment(1, SITE))
    bucket = recorded(sites)
    deployment = sites.deployment(2, NEXT)
    assert through(sites, bucket).engine.deploy(deployment) is Action.UPDATE
    assert bucket.written == [
        "state.json",
        "served/app.4567cdef.js",
        "served/about.html",
        "served/index.html",
        "state.json",
    ]
    url = sites.engine.url(Environment.CI, deployment.definition)
    assert requests.get(f"{url}/app.0123abcd.js", timeout=5).text == "run(1)"  # pages that are open still use it


@pytest.mark.server
def test_an_equal_number_writes_nothing(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    sites.engine.deploy(deployment)
    bucket = recorded(sites)
    assert through(sites, bucket).engine.deploy(deployment) is Action.NOTHING
    assert bucket.written == []


@pytest.mark.server
@pytest.mark.parametrize("crash", ["served/app.4567cdef.js", "served/about.html", "served/index.html"])
def test_a_deploy_that_is_killed_is_taken_up(sites: Sites, crash: str) -> None:
    sites.engine.deploy(sites.deployment(1, SITE))
    deployment = sites.deployment(2, NEXT)
    with pytest.raises(Unreachable):
        through(sites, recorded(sites, crash_at=lambda key: key == crash)).engine.deploy(deployment)

    state = sites.engine.observe(deployment.environment, deployment.service)
    assert state is not None
    assert (state.number, state.served.number, state.update) == (2, 1, UpdateState.UPDATING)
    assert not settled(state, deployment)
    assert _entry(sites) == "one"

    assert sites.engine.deploy(deployment) is Action.UPDATE
    state = sites.engine.observe(deployment.environment, deployment.service)
    assert state is not None
    assert settled(state, deployment)
    assert sites.engine.probe(deployment, SilentProgress())


@pytest.mark.server
def test_a_deploy_that_is_killed_after_its_entry_document_serves(sites: Sites) -> None:
    sites.engine.deploy(sites.deployment(1, SITE))
    deployment = sites.deployment(2, NEXT)
    bucket = recorded(sites)
    bucket.crash_at = lambda key: key == "state.json" and "served/index.html" in bucket.written
    with pytest.raises(Unreachable):
        through(sites, bucket).engine.deploy(deployment)
    state = sites.engine.observe(deployment.environment, deployment.service)
    assert state is not None
    assert (state.served.number, _entry(sites)) == (2, "two")


@pytest.mark.server
def test_a_newer_release_goes_over_one_that_was_killed(sites: Sites) -> None:
    """Release 2 changed the style sheet and died; 3 has the style of 1 and must put it back."""
    sites.engine.deploy(sites.deployment(1, SITE))
    blue = sites.deployment(2, SITE | {"style.css": "blue", "index.html": "two"})
    with pytest.raises(Unreachable):
        through(sites, recorded(sites, crash_at=lambda key: key == "served/index.html")).engine.deploy(blue)
    third = sites.deployment(3, SITE | {"index.html": "three"})
    sites.engine.deploy(third)
    assert sites.engine.probe(third, SilentProgress())
    with pytest.raises(Superseded):
        sites.engine.deploy(blue)


@pytest.mark.server
def test_a_late_attempt_cannot_go_back(sites: Sites) -> None:
    """Release 2 stands still before its entry document; meanwhile 3 is deployed."""
    sites.engine.deploy(sites.deployment(1, SITE))
    third = sites.deployment(3, SITE | {"index.html": "three"})

    def overtake(key: str) -> None:
        if key == "served/index.html":
            sites.engine.deploy(third)

    late = CrashingBucket(bucket_of(sites), before_write=overtake)
    with pytest.raises((Superseded, Conflict)):
        through(sites, late).engine.deploy(sites.deployment(2, NEXT))
    assert _entry(sites) == "three"


@pytest.mark.server
def test_a_lower_number_is_refused(sites: Sites) -> None:
    sites.engine.deploy(sites.deployment(5, SITE))
    with pytest.raises(Superseded, match="already runs release #5, newer than #4"):
        sites.engine.deploy(sites.deployment(4, NEXT))


@pytest.mark.server
def test_of_concurrent_deploys_the_greatest_number_stays(sites: Sites) -> None:
    rivals = [sites.deployment(number, SITE | {"index.html": str(number)}) for number in range(1, 5)]

    def insist(number: int) -> None:
        while True:
            try:
                sites.engine.deploy(rivals[number])
            except Conflict:
                continue
            except Superseded:
                return
            return

    with ThreadPoolExecutor(len(rivals)) as pool:
        list(pool.map(insist, range(len(rivals))))
    state = sites.engine.observe(Environment.CI, rivals[-1].service)
    assert state is not None
    assert is_whole(state, rivals[-1])
    assert sites.engine.probe(rivals[-1], SilentProgress())


@pytest.mark.server
def test_a_file_that_was_changed_by_hand_is_noticed(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    sites.engine.deploy(deployment)
    bucket, key = bucket_of(sites), "served/style.css"
    found = bucket.read(key)
    assert found is not None
    bucket.write(key, b"green", found.etag, "text/css", "no-cache")
    with pytest.raises(VerifyFailed, match=r"style\.css has other bytes than release #1"):
        sites.engine.probe(deployment, SilentProgress())


@pytest.mark.server
def test_another_stacks_site_is_not_touched(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    sites.engine.deploy(deployment)
    other = replace(sites, stack="other")
    with pytest.raises(ForeignResource, match=f"onward.stack is {sites.stack}, this stack is other"):
        other.engine.deploy(sites.deployment(2, NEXT))
    with pytest.raises(ForeignResource):
        other.engine.observe(deployment.environment, deployment.service)


@pytest.mark.server
def test_a_bucket_that_onward_did_not_make_is_not_touched(sites: Sites) -> None:
    foreign = sites.buckets(f"x{sites.application}")
    foreign.ensure_bucket()  # type: ignore[attr-defined]
    foreign.put("somebody", b"s")  # type: ignore[attr-defined]
    with pytest.raises(ForeignResource, match="was not made by Onward"):
        foreign.claim(sites.stack)


@pytest.mark.server
def test_a_bundle_with_other_bytes_is_not_served(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    lie = sites.deployment(2, NEXT).artifact
    wrong = deployment.model_copy(update={"artifact": lie.model_copy(update={"digest": deployment.artifact.digest})})
    with pytest.raises(Untrusted):
        sites.engine.deploy(wrong)
    assert sites.engine.observe(deployment.environment, deployment.service) is None


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
    sites.engine.deploy(sites.deployment(1, SITE))
    with pytest.raises(InvalidInput, match=problem):
        sites.engine.deploy(sites.deployment_of(2, HOSTILE[problem]()))
    state = sites.engine.observe(Environment.CI, sites.deployment(1, SITE).service)
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
