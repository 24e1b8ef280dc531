"""Slices on a real swarm: isolated from one another, gone when they are down."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from docker import DockerClient

from domain.artifact import Artifact
from domain.environment import Environment
from domain.identity import data_network
from domain.slices import SliceUp
from tests.engines.conftest import Environments
from tests.engines.images import Images
from tests.engines.sites import Sites
from tests.engines.slicing import READS, Slicing
from tests.fakes.progress import Cancelled, CancelledProgress, SilentProgress

pytestmark = pytest.mark.server


@pytest.fixture(scope="session")
def looker(images: Images) -> Artifact:
    """A suite that runs the shell command of its variable COMMAND."""
    return images.pushed('sh -c \\"$COMMAND\\"', {})


@pytest.fixture
def slicing(
    docker_client: DockerClient, environment: Environments, images: Images, sites: Sites, looker: Artifact
) -> Iterator[Slicing]:
    slicing = Slicing(docker_client, environment, images, sites, looker)
    yield slicing
    for found in slicing.slices.found():
        slicing.slices.down(found.owner, SilentProgress())


def test_two_slices_have_the_same_names_and_never_see_each_other(
    slicing: Slicing, first: Artifact, second: Artifact
) -> None:
    one, two = slicing.owner(), slicing.owner()
    with ThreadPoolExecutor() as pool:
        ups = [
            pool.submit(slicing.slices.up, owner, [slicing.service("web", page)], SilentProgress())
            for owner, page in ((one, first), (two, second))
        ]
    url = f"http://ci-{slicing.environment.application}-web:8080"
    assert [up.result() for up in ups] == [SliceUp(urls={"web": url})] * 2

    assert (slicing.fetched(one, url), slicing.fetched(two, url)) == ("first", "second")
    assert slicing.fetched(one, f"http://{two.name}-web:8080") == "nothing answers"
    assert slicing.environment.engine.running(Environment.CI) == [], "a slice is not the environment"


def test_a_slice_is_gone_when_it_is_down_and_its_neighbour_stays(slicing: Slicing, first: Artifact) -> None:
    one, two = slicing.owner(), slicing.owner()
    for owner in (one, two):
        slicing.slices.up(owner, [slicing.service("web", first), slicing.service("api", first)], SilentProgress())

    slicing.slices.down(one, SilentProgress())
    slicing.slices.down(one, SilentProgress())

    assert slicing.left(one) == []
    assert [found.owner for found in slicing.slices.found()] == [two]
    assert slicing.fetched(two, f"http://ci-{two.application}-web:8080") == "first"


def test_suites_are_gone_before_any_service_is_asked_to_go(slicing: Slicing, first: Artifact) -> None:
    """Swarm keeps the network for ever of one that is starting, still, when the last service goes."""
    owner = slicing.owner()
    slicing.slices.up(owner, [slicing.service("web", first)], SilentProgress())
    slicing.left_running(owner)

    assert slicing.ends_in_order(owner)[:2] == ["container destroy", "service remove"]


def test_a_slice_that_nobody_took_down_is_found_by_its_owner_and_goes_with_the_suite_in_it(
    slicing: Slicing, first: Artifact
) -> None:
    owner, before = slicing.owner(), datetime.now(UTC)
    slicing.slices.up(owner, [slicing.service("web", first)], SilentProgress())
    slicing.left_running(owner)

    (found,) = slicing.slices.found()
    assert found.owner == owner
    assert timedelta(0) <= found.created - before < timedelta(minutes=1)
    slicing.slices.down(found.owner, SilentProgress())
    assert slicing.left(owner) == []


def test_what_really_runs_in_ci_is_not_seen_even_by_who_shares_its_datastores(
    slicing: Slicing, first: Artifact, second: Artifact
) -> None:
    slicing.environment.engine.deploy(slicing.datastore(first), SilentProgress())
    slicing.environment.arrive(slicing.service("web", second, **READS))
    owner = slicing.owner()
    slicing.slices.up(owner, [slicing.service("web", first, **READS)], SilentProgress())
    application, name = owner.application, f"ci-{owner.application}-web"

    inside = slicing.inside(f"{owner.name}-web", f"wget -q -O - http://{name}:8080")

    assert inside == "first"
    data = data_network(Environment.CI, application)
    assert slicing.fetched(owner, f"http://{name}:8080", data) == "second", "the alias is the slice's own affair"
    assert slicing.fetched(owner, f"http://{owner.name}-web:8080", data) == "first"


def test_the_network_that_a_slice_shares_is_none_of_its_own(slicing: Slicing, first: Artifact) -> None:
    slicing.environment.engine.deploy(slicing.datastore(first), SilentProgress())
    owner = slicing.owner()
    slicing.slices.up(owner, [slicing.service("web", first, **READS)], SilentProgress())

    slicing.slices.down(owner, SilentProgress())

    assert slicing.slices.found() == []
    assert slicing.client.networks.list(names=[data_network(Environment.CI, owner.application)])


def test_a_service_that_does_not_come_up_is_a_fault_of_the_versions_and_says_which(
    slicing: Slicing, first: Artifact, broken: Artifact
) -> None:
    owner = slicing.owner()
    deployments = [slicing.service("web", first), slicing.service("api", broken)]

    up = slicing.slices.up(owner, deployments, SilentProgress())

    assert up.fault.startswith("api does not come up in the slice: ")
    assert "non-zero exit (3)" in up.fault


def test_a_second_attempt_goes_on_with_what_the_first_one_made(slicing: Slicing, first: Artifact) -> None:
    owner, deployments = slicing.owner(), [slicing.service("web", first), slicing.service("api", first)]
    with pytest.raises(Cancelled):
        slicing.slices.up(owner, deployments, CancelledProgress("waiting for"))
    made = slicing.left(owner)

    assert slicing.slices.up(owner, deployments, SilentProgress()).fault == ""

    assert len(_lasting(made)) == 3, "two services and the network"
    assert _lasting(slicing.left(owner)) == _lasting(made)


def test_slices_share_the_files_of_the_same_site(slicing: Slicing, sites: Sites) -> None:
    one, two = slicing.owner(), slicing.owner()
    site = sites.deployment(1, {"index.html": "<title>shop</title>", "style.css": "p {}"})

    ups = [slicing.slices.up(owner, [site], SilentProgress()) for owner in (one, two)]

    assert ups[0].urls == ups[1].urls
    (url,) = ups[0].urls.values()
    assert slicing.fetched(one, f"{url}/index.html") == "<title>shop</title>"
    slicing.slices.down(one, SilentProgress())
    assert slicing.fetched(two, f"{url}/style.css") == "p {}"


def _lasting(names: list[str]) -> list[str]:
    """All but containers, whose names begin with a slash."""
    return [name for name in names if not name.startswith("/")]
