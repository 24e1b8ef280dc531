"""A whole local stack on free ports, and applications of our own on it."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from docker import DockerClient

from engines.docker_api import connect
from engines.labels import Label
from settings import StackSettings
from stack.free_ports import on_free_ports
from tests.e2e.aftermath import aftermath
from tests.e2e.application import Application
from tests.e2e.collector import Collector, running_collector
from tests.e2e.commandline import CommandLine
from tests.e2e.on_call import OnCall, somebody_on_call
from tests.e2e.slices import remove_services


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
    settings = on_free_ports(directory / "state")
    return settings.model_copy(update={"otlp_endpoint": collector.endpoint, "channels": channels})


@pytest.fixture(scope="session")
def onward(stack_settings: StackSettings) -> Iterator[CommandLine]:
    """The command line of a stack that is up; everything of it is gone afterwards."""
    commandline = CommandLine(stack_settings.environment())
    up = commandline.run("up")
    assert up.exit_code == 0, str(up)
    try:
        yield commandline
    finally:
        down = commandline.run("down", "--purge")
        assert down.exit_code == 0, str(down)


@pytest.fixture
def engine(stack_settings: StackSettings) -> Iterator[DockerClient]:
    """The engine that everything runs on."""
    client = connect(stack_settings.docker_host)
    yield client
    client.close()


@pytest.fixture
def application(
    onward: CommandLine, stack_settings: StackSettings, engine: DockerClient, tmp_path: Path
) -> Iterator[Application]:
    """The example application under a name of its own, nothing released yet; its services go with the test."""
    with _an_application(onward, stack_settings, engine, tmp_path) as application:
        yield application


@pytest.fixture
def shop(released_shop: Application) -> Iterator[Application]:
    """The shop of a module, at the commit of :attr:`Application.base`."""
    yield released_shop
    released_shop.back_to(released_shop.base)


@pytest.fixture(scope="module")
def released_shop(
    onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    """An example application of which catalog, cart and checkout are released; for all cases of a module."""
    with (
        closing(connect(stack_settings.docker_host)) as engine,
        _an_application(onward, stack_settings, engine, tmp_path_factory.mktemp("shop")) as application,
    ):
        application.release_together("catalog", "cart", "checkout")
        yield application


@contextmanager
def _an_application(
    onward: CommandLine, settings: StackSettings, engine: DockerClient, directory: Path
) -> Iterator[Application]:
    name = f"t{uuid4().hex[:8]}"
    yield Application(onward, settings, directory / "repository", name)
    remove_services(engine, {Label.APPLICATION: name})
