"""Sites on a real S3: forward only, and true wherever a deploy is killed."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests

from domain.deployment import Action, UpdateState, is_whole, settled
from domain.environment import Environment
from domain.errors import Conflict, ForeignResource, Superseded, Unreachable, Untrusted, VerifyFailed
from engines.site_files import FOREVER
from tests.engines.sites import CrashingBucket, Sites
from tests.fakes.progress import Cancelled, CancelledAtLine, SilentProgress

pytestmark = pytest.mark.server

SITE = {"index.html": "one", "about.html": "about one", "app.0123abcd.js": "run(1)", "style.css": "red"}
NEXT = {"index.html": "two", "about.html": "about two", "app.4567cdef.js": "run(2)", "style.css": "red"}


def test_a_first_deploy_arrives(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    assert sites.engine.deploy(deployment, SilentProgress()) is Action.CREATE
    state = sites.engine.observe(deployment.environment, deployment.service)
    assert state is not None
    assert settled(state, deployment)
    assert (state.number, state.served.number, state.state) == (1, 1, "running")
    assert sites.engine.probe(deployment, SilentProgress()) == "4 files are those of release #1"
    assert [each.name for each in sites.engine.running(Environment.CI)] == [deployment.name]
    assert sites.engine.running(Environment.PROD) == []


def test_everybody_reads_the_files_and_nothing_else(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    sites.engine.deploy(deployment, SilentProgress())
    url = sites.engine.url(Environment.CI, deployment.definition)
    page, script = requests.get(f"{url}/index.html", timeout=5), requests.get(f"{url}/app.0123abcd.js", timeout=5)
    assert (page.text, page.headers["Content-Type"]) == ("one", "text/html; charset=utf-8")
    assert (page.headers["Cache-Control"], script.headers["Cache-Control"]) == ("no-cache", FOREVER)
    closed = [url.removesuffix("/served") + path for path in ("/state.json", "/", "/?list-type=2", "/?policy")]
    assert {requests.get(each, timeout=5).status_code for each in closed} == {403}
    assert requests.put(f"{url}/index.html", data=b"x", timeout=5).status_code == 403


def test_only_what_changed_is_written_and_the_entry_document_last(sites: Sites) -> None:
    sites.engine.deploy(sites.deployment(1, SITE), SilentProgress())
    bucket = CrashingBucket(sites.bucket)
    deployment = sites.deployment(2, NEXT)
    assert sites.through(bucket).engine.deploy(deployment, SilentProgress()) is Action.UPDATE
    assert bucket.written == [
        "state.json",
        "served/app.4567cdef.js",
        "served/about.html",
        "served/index.html",
        "state.json",
    ]
    url = sites.engine.url(Environment.CI, deployment.definition)
    assert requests.get(f"{url}/app.0123abcd.js", timeout=5).text == "run(1)"  # pages that are open still use it


def test_an_equal_number_writes_nothing(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    sites.engine.deploy(deployment, SilentProgress())
    bucket = CrashingBucket(sites.bucket)
    assert sites.through(bucket).engine.deploy(deployment, SilentProgress()) is Action.NOTHING
    assert bucket.written == []


@pytest.mark.parametrize("crash", ["served/app.4567cdef.js", "served/about.html", "served/index.html"])
def test_a_deploy_that_is_killed_is_taken_up(sites: Sites, crash: str) -> None:
    sites.engine.deploy(sites.deployment(1, SITE), SilentProgress())
    deployment = sites.deployment(2, NEXT)
    with pytest.raises(Unreachable):
        sites.through(CrashingBucket(sites.bucket, crash_at=lambda key: key == crash)).engine.deploy(
            deployment, SilentProgress()
        )

    state = sites.engine.observe(deployment.environment, deployment.service)
    assert state is not None
    assert (state.number, state.served.number, state.update) == (2, 1, UpdateState.UPDATING)
    assert not settled(state, deployment)
    assert sites.entry() == "one"

    assert sites.engine.deploy(deployment, SilentProgress()) is Action.UPDATE
    state = sites.engine.observe(deployment.environment, deployment.service)
    assert state is not None
    assert settled(state, deployment)
    assert sites.engine.probe(deployment, SilentProgress())


def test_a_deploy_that_is_killed_after_its_entry_document_serves(sites: Sites) -> None:
    sites.engine.deploy(sites.deployment(1, SITE), SilentProgress())
    deployment = sites.deployment(2, NEXT)
    bucket = CrashingBucket(sites.bucket)
    bucket.crash_at = lambda key: key == "state.json" and "served/index.html" in bucket.written
    with pytest.raises(Unreachable):
        sites.through(bucket).engine.deploy(deployment, SilentProgress())
    state = sites.engine.observe(deployment.environment, deployment.service)
    assert state is not None
    assert (state.served.number, sites.entry()) == (2, "two")


@pytest.mark.parametrize("mark", ["assets are in the bucket", "uploading index.html"])
def test_a_cancel_is_heard_between_two_files(sites: Sites, mark: str) -> None:
    sites.engine.deploy(sites.deployment(1, SITE), SilentProgress())
    deployment = sites.deployment(2, NEXT | {f"app.{number:08x}.js": "run(2)" for number in range(40)})
    bucket = CrashingBucket(sites.bucket, before_write=lambda _: time.sleep(0.05))
    with pytest.raises(Cancelled):
        sites.through(bucket).engine.deploy(deployment, CancelledAtLine(mark))

    assert sites.entry() == "one"
    assert (len(bucket.written) > 40) == (mark == "uploading index.html"), "what is not begun yet is left"
    assert sites.engine.deploy(deployment, SilentProgress()) is Action.UPDATE
    assert sites.entry() == "two"


def test_a_newer_release_goes_over_one_that_was_killed(sites: Sites) -> None:
    """Release 2 changed the style sheet and died; 3 has the style of 1 and must put it back."""
    sites.engine.deploy(sites.deployment(1, SITE), SilentProgress())
    blue = sites.deployment(2, SITE | {"style.css": "blue", "index.html": "two"})
    with pytest.raises(Unreachable):
        sites.through(CrashingBucket(sites.bucket, crash_at=lambda key: key == "served/index.html")).engine.deploy(
            blue, SilentProgress()
        )
    third = sites.deployment(3, SITE | {"index.html": "three"})
    sites.engine.deploy(third, SilentProgress())
    assert sites.engine.probe(third, SilentProgress())
    with pytest.raises(Superseded):
        sites.engine.deploy(blue, SilentProgress())


def test_a_late_attempt_cannot_go_back(sites: Sites) -> None:
    """Release 2 stands still before its entry document; meanwhile 3 is deployed."""
    sites.engine.deploy(sites.deployment(1, SITE), SilentProgress())
    third = sites.deployment(3, SITE | {"index.html": "three"})

    def overtake(key: str) -> None:
        if key == "served/index.html":
            sites.engine.deploy(third, SilentProgress())

    late = CrashingBucket(sites.bucket, before_write=overtake)
    with pytest.raises((Superseded, Conflict)):
        sites.through(late).engine.deploy(sites.deployment(2, NEXT), SilentProgress())
    assert sites.entry() == "three"


def test_a_lower_number_is_refused(sites: Sites) -> None:
    sites.engine.deploy(sites.deployment(5, SITE), SilentProgress())
    with pytest.raises(Superseded, match="already runs release #5, newer than #4"):
        sites.engine.deploy(sites.deployment(4, NEXT), SilentProgress())


def test_of_concurrent_deploys_the_greatest_number_stays(sites: Sites) -> None:
    rivals = [sites.deployment(number, SITE | {"index.html": str(number)}) for number in range(1, 5)]

    def insist(number: int) -> None:
        while True:
            try:
                sites.engine.deploy(rivals[number], SilentProgress())
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


def test_a_file_that_was_changed_by_hand_is_noticed(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    sites.engine.deploy(deployment, SilentProgress())
    bucket, key = sites.bucket, "served/style.css"
    found = bucket.read(key)
    assert found is not None
    bucket.write(key, b"green", found.etag, "text/css", "no-cache")
    with pytest.raises(VerifyFailed, match=r"style\.css has other bytes than release #1"):
        sites.engine.probe(deployment, SilentProgress())


def test_another_stacks_site_is_not_touched(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    sites.engine.deploy(deployment, SilentProgress())
    other = replace(sites, stack="other")
    with pytest.raises(ForeignResource, match=f"onward.stack is {sites.stack}, this stack is other"):
        other.engine.deploy(sites.deployment(2, NEXT), SilentProgress())
    with pytest.raises(ForeignResource):
        other.engine.observe(deployment.environment, deployment.service)


def test_a_bucket_that_onward_did_not_make_is_not_touched(sites: Sites) -> None:
    foreign = sites.buckets(f"x{sites.application}")
    foreign.ensure_bucket()  # type: ignore[attr-defined]
    foreign.put("somebody", b"s")  # type: ignore[attr-defined]
    with pytest.raises(ForeignResource, match="was not made by Onward"):
        foreign.claim(sites.stack)


def test_a_bundle_with_other_bytes_is_not_served(sites: Sites) -> None:
    deployment = sites.deployment(1, SITE)
    lie = sites.deployment(2, NEXT).artifact
    wrong = deployment.model_copy(update={"artifact": lie.model_copy(update={"digest": deployment.artifact.digest})})
    with pytest.raises(Untrusted):
        sites.engine.deploy(wrong, SilentProgress())
    assert sites.engine.observe(deployment.environment, deployment.service) is None
