"""ContainerSuiteRunner on a real engine: every way in which a suite can end."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from docker import DockerClient
from docker.errors import APIError
from docker.models.networks import Network

from domain.environment import Environment
from domain.errors import ForeignResource, NotFound
from domain.identity import ServiceId
from domain.junit import Verdict
from domain.suite import SuiteOutcome, SuiteRun, judge
from engines.suite_output import HEAD_LIMIT, TAIL_LIMIT
from engines.suites import GRACE, ContainerSuiteRunner
from tests.engines.conftest import wait_for
from tests.engines.images import Images
from tests.fakes.progress import Cancelled, CancelledProgress, SilentProgress

pytestmark = pytest.mark.server

NO_SUCH = 404
MEMORY = 64 * 1024**2
PASSED = "<testsuites><testsuite><testcase classname='test_cart' name='test_adds'/></testsuite></testsuites>"
FAILED = PASSED.replace("/></testsuite>", "><failure message='1 is not 2'/></testcase></testsuite>")


class Suites:
    """Runs shell commands as suites on a network of their own; the image has two reports at hand."""

    def __init__(self, client: DockerClient, images: Images, network: str) -> None:
        self.client = client
        self.name = f"{network}-smoke-1"
        self._images = images
        self.network = network
        self.runner = ContainerSuiteRunner(client, stack=network, memory=MEMORY)

    def run_of(self, command: str, seconds: float = 30, files: Mapping[str, str] | None = None) -> SuiteRun:
        image = self._images.pushed(command, {"passed.xml": PASSED, "failed.xml": FAILED, **(files or {})})
        return SuiteRun(
            name=self.name,
            image=image.uri,
            environment=Environment.CI,
            service=ServiceId(application="shop", role="cart"),
            network=self.network,
            variables={"ONWARD_ENVIRONMENT": "ci"},
            timeout=timedelta(seconds=seconds),
        )

    def run(self, command: str, seconds: float = 30) -> SuiteOutcome:
        outcome = self.runner.run(self.run_of(command, seconds), SilentProgress())
        assert not self.containers()
        return outcome

    def containers(self) -> list[str]:
        return [each["Id"] for each in self.listed()]

    def listed(self) -> list[dict[str, Any]]:
        return list(self.client.api.containers(all=True, filters={"name": self.name}))


@pytest.fixture
def suites(docker_client: DockerClient, images: Images) -> Iterator[Suites]:
    suites = Suites(docker_client, images, f"t{uuid4().hex[:8]}")
    yield suites
    for container in suites.containers():
        docker_client.api.remove_container(container, force=True)
    for network in docker_client.networks.list(names=[suites.network]):
        wait_for(partial(_removed, network))


def _removed(network: Network) -> bool:
    """It is in use for a moment after its last container is gone."""
    try:
        network.remove()
    except APIError as error:
        return error.status_code == NO_SUCH
    return True


def test_a_suite_that_passes(suites: Suites) -> None:
    outcome = suites.run("echo in $ONWARD_ENVIRONMENT; echo warned >&2; cp /passed.xml /reports/")

    assert outcome.exit_code == 0
    assert sorted(outcome.output.splitlines()) == ["in ci", "warned"]
    assert judge(outcome).verdict is Verdict.PASSED


def test_a_suite_that_fails(suites: Suites) -> None:
    outcome = suites.run("cp /passed.xml /failed.xml /reports/; exit 1")

    assert outcome.exit_code == 1
    assert judge(outcome).reason == "test_cart.test_adds failed: 1 is not 2"


def test_a_suite_that_runs_no_test(suites: Suites) -> None:
    assert judge(suites.run("echo nothing to do")).reason == "it ran no test"
    assert judge(suites.run("rm -r /reports")).reason == "it ran no test"


def test_a_suite_that_hangs_is_killed(suites: Suites) -> None:
    outcome = suites.run("echo waiting; cp /passed.xml /reports; sleep 300", seconds=3)

    assert (outcome.exit_code, outcome.output) == (None, "waiting\n")
    assert judge(outcome).reason == "it did not end in time"


def test_a_suite_that_prints_much_is_cut_in_the_middle(suites: Suites) -> None:
    outcome = suites.run("echo first; yes 0123456789 | head -c 20000000; echo last; cp /passed.xml /reports/")

    assert outcome.exit_code == 0
    assert outcome.output.startswith("first\n0123456789\n")
    assert outcome.output.endswith("9\n012345678last\n")
    assert "bytes left out" in outcome.output
    assert len(outcome.output.encode()) < HEAD_LIMIT + TAIL_LIMIT + 100


def test_a_suite_that_prints_50_mb_fails_for_that_and_is_stopped(suites: Suites) -> None:
    ended = suites.run("yes 0123456789 | head -c 50000000; cp /passed.xml /reports/")
    endless = suites.run("cp /passed.xml /reports/; yes", seconds=60)

    assert judge(ended).reason == "it printed more than 32 MiB"
    assert (judge(endless).reason, endless.exit_code) == ("it printed more than 32 MiB", None)
    assert len(endless.output.encode()) < HEAD_LIMIT + TAIL_LIMIT + 100


def test_a_suite_that_takes_too_much_memory(suites: Suites) -> None:
    outcome = suites.run("exec tail /dev/zero")

    assert outcome.killed_for_memory
    assert judge(outcome).reason == "it was killed: out of memory"


def test_reports_that_are_too_large_or_too_many_are_no_pass(suites: Suites) -> None:
    large = suites.run("cp /passed.xml /reports/; yes | head -c 40000000 > /reports/z.xml")
    many = suites.run("for i in $(seq 300); do cp /passed.xml /reports/$i.xml; done")

    for outcome in (large, many):
        assert "cannot be read" in judge(outcome).reason
        assert sum(map(len, outcome.reports)) < 40_000_000


def test_a_cancelled_suite_is_removed(suites: Suites) -> None:
    progress = CancelledProgress("started")
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        suites.runner.run(suites.run_of("echo started; sleep 300", seconds=300), progress)

    assert time.monotonic() - begin < 30
    assert progress.lines[-1] == "started"
    assert not suites.containers()


def test_what_a_killed_attempt_left_is_removed_first(suites: Suites) -> None:
    run = suites.run_of("cp /passed.xml /reports/")
    suites.client.api.create_container(run.image, name=run.name, labels={"onward.stack": run.network})
    assert judge(suites.runner.run(run, SilentProgress())).verdict is Verdict.PASSED

    suites.client.api.create_container(run.image, name=run.name, labels={"onward.stack": "another"})
    with pytest.raises(ForeignResource, match=run.name):
        suites.runner.run(run, SilentProgress())
    assert len(suites.containers()) == 1


def test_those_that_are_alone_on_a_network_come_and_go_at_once_and_leave_it_free(suites: Suites) -> None:
    """As the suites of sites do, whose slice has no other container."""
    run = suites.run_of("echo all of it; cp /passed.xml /reports/").model_copy(
        update={"data_network": f"{suites.network}-data"}
    )
    runs = [run.model_copy(update={"name": f"{run.name}-{index}"}) for index in range(16)]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda each: suites.runner.run(each, SilentProgress()), runs))

    assert {(judge(outcome).verdict, outcome.output) for outcome in outcomes} == {(Verdict.PASSED, "all of it\n")}
    networks = suites.client.networks.list(names=[suites.network])
    assert len(networks) == 2
    for network in networks:
        wait_for(partial(_removed, network))


def test_what_nobody_came_back_to_is_removed_once_its_time_is_up(suites: Suites) -> None:
    run = suites.run_of("cp /passed.xml /reports/")
    now = int(time.time())
    left = {"old": (run.network, now - 1), "young": (run.network, now + 60), "foreign": ("another", now - 1)}
    for name, (stack, until) in left.items():
        labels = {"onward.stack": stack, "onward.forgotten-after": str(until)}
        suites.client.api.create_container(run.image, name=f"{suites.name}-{name}", labels=labels)
    suites.runner.run(run, SilentProgress())

    assert {each["Names"][0].rpartition("-")[2] for each in suites.listed()} == {"young", "foreign"}


def test_a_suite_says_until_when_it_is_waited_for(suites: Suites) -> None:
    begin = int(time.time())
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(suites.run, "sleep 3", 30)
        labels = wait_for(lambda: [each["Labels"] for each in suites.listed()])[0]
        running.result()

    until = int(labels["onward.forgotten-after"])
    assert begin + 30 + GRACE <= until <= time.time() + 30 + GRACE


def test_an_image_that_is_not_here_is_pulled(suites: Suites) -> None:
    run = suites.run_of("cp /passed.xml /reports/")
    suites.client.images.remove(str(suites.client.images.get(run.image).id), force=True)
    progress = SilentProgress()

    assert judge(suites.runner.run(run, progress)).verdict is Verdict.PASSED
    assert progress.lines[0] == f"pulling {run.image}"


@pytest.mark.parametrize("files", [{}, {"reports/notes.txt": "of the image"}])
def test_the_directory_for_reports_is_there_for_every_user(suites: Suites, files: dict[str, str]) -> None:
    run = suites.run_of("stat -c %a /reports; cat /reports/* 2>&1; cp /passed.xml /reports/", files=files)

    outcome = suites.runner.run(run, SilentProgress())

    assert outcome.reports == (PASSED.encode(),)
    assert outcome.output.startswith("1777\n")
    assert ("of the image" in outcome.output) is bool(files)


def test_the_network_is_made_where_no_service_made_it_yet(suites: Suites) -> None:
    assert not suites.client.networks.list(names=[suites.network])
    assert suites.run("cp /passed.xml /reports/").exit_code == 0
    assert suites.client.networks.list(names=[suites.network])


def test_an_image_that_nobody_has_is_named(suites: Suites) -> None:
    run = suites.run_of("true")
    gone = run.image.rpartition(":")[0] + ":" + "0" * 64
    with pytest.raises(NotFound, match="0" * 64):
        suites.runner.run(run.model_copy(update={"image": gone}), SilentProgress())
    wait_for(lambda: not suites.containers(), 5)
