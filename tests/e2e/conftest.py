"""A whole local stack on free ports, and applications of our own on it."""

from __future__ import annotations

import fcntl
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from docker import DockerClient

from engines.docker_api import connect
from settings import StackSettings
from stack.free_ports import on_free_ports
from tests.e2e.aftermath import aftermath
from tests.e2e.application import Application, Verified, an_application
from tests.e2e.collector import Collector, running_collector
from tests.e2e.commandline import CommandLine
from tests.e2e.on_call import OnCall, somebody_on_call
from tests.free_ports import own_ports


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Function) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A case that failed shows what its stack was at."""
    report = yield
    settings = item.funcargs.get("stack_settings")
    if report.failed and isinstance(settings, StackSettings):
        report.sections += aftermath(settings).items()
    return report


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """Where the command line and the workers send their traces."""
    with running_collector() as collector:
        yield collector


@pytest.fixture(scope="session")
def on_call() -> Iterator[OnCall]:
    """Somebody who is told of failures."""
    with somebody_on_call() as on_call:
        yield on_call


@pytest.fixture(scope="session")
def stack_settings(tmp_path_factory: pytest.TempPathFactory, collector: Collector, on_call: OnCall) -> StackSettings:
    """Free ports and a state directory of its own."""
    directory = tmp_path_factory.mktemp("stack")
    channels = directory / "channels.yaml"
    channels.write_text(f"channels:\n  - urls: ['{on_call.channel}']\n")
    settings = on_free_ports(directory / "state", own_ports())
    return settings.model_copy(update={"otlp_endpoint": collector.endpoint, "channels": channels})


@pytest.fixture(scope="session")
def onward(stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line of a stack that is up; everything of it is gone afterwards.

    Of several processes that run tests, each has its own, and they start one after the other.
    """
    commandline = CommandLine(stack_settings.environment())
    try:
        with (tmp_path_factory.getbasetemp().parent / "up.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            up = commandline.run_installed("up")
        assert up.exit_code == 0, str(up)
        yield commandline
    finally:
        down = commandline.run_installed("down", "--purge")
        assert down.exit_code == 0, str(down)


@pytest.fixture
def engine(stack_settings: StackSettings) -> Iterator[DockerClient]:
    """The engine that everything runs on."""
    client = connect(stack_settings.docker_host)
    yield client
    client.close()


@pytest.fixture
def application(
    request: pytest.FixtureRequest, onward: CommandLine, stack_settings: StackSettings, tmp_path: Path
) -> Iterator[Application]:
    """The example application under a name of its own, nothing released yet; its services go with the test."""
    suites = () if request.node.get_closest_marker("without_suites") else None
    with an_application(onward, stack_settings, tmp_path, suites=suites) as application:
        yield application


@pytest.fixture
def verified(verified_once: Verified) -> Iterator[Verified]:
    """A release to look at, and nothing that is published later: its application is shared by many cases."""
    yield verified_once
    verified_once.application.back_to(verified_once.application.base)


@pytest.fixture(scope="session")
def verified_once(
    onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Verified]:
    """Released once for all cases of a process."""
    with an_application(onward, stack_settings, tmp_path_factory.mktemp("verified")) as application:
        yield Verified(application, application.release("catalog"))
