"""A cold and a warm release of ``cart`` by stage, and Onward's own time in the warm one.

Onward's own time is the wall time less what git, swarm and the suites' containers took when they
did the same by hand, in the same run on the same machine: two updates of a swarm service until
swarm says *completed*, two runs of the suite, one shallow fetch. A whole stack is started on free
ports, and is gone afterwards.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker import DockerClient

from domain.environment import ENVIRONMENTS
from domain.identity import application_network
from engines.docker_api import connect
from engines.swarm_api import Json, SwarmServices
from settings import StackSettings
from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine

POLL = 0.05


def main() -> None:
    """Print the tables."""
    with tempfile.TemporaryDirectory() as directory:
        settings = StackSettings.on_free_ports(Path(directory, "state"))
        onward = CommandLine(settings.environment())
        print(onward.run("up").stdout)
        try:
            application = Application(onward, settings, Path(directory, "shop"), "bench")
            application.release("catalog")
            for dockerfile in ("cart/Dockerfile", "cart/tests/integration/Dockerfile"):
                _in_no_cache(application, dockerfile)
            cold, cold_wall = _timed(lambda: application.release("cart"))
            warm: dict[str, Any] = {}
            warm_wall = 0.0
            for number in range(3):
                old, new = f"LOG_LEVEL: {'info' if number == 0 else f'l{number - 1}'}", f"LOG_LEVEL: l{number}"
                application.change("cart/service.yaml", old, new)
                warm, warm_wall = _timed(lambda: application.release("cart"))
            _table("cold", cold, cold_wall)
            _table("warm (a change of config alone)", warm, warm_wall)
            _own_time(connect(settings.docker_host), application, warm_wall)
        finally:
            onward.run("down", "--purge")


def _in_no_cache(application: Application, dockerfile: str) -> None:
    """A first step that no build before had, so that the engine makes every layer anew."""
    first, _, rest = (application.repository / dockerfile).read_text().partition("\n")
    application.write(dockerfile, f"{first}\nLABEL cold={time.time_ns()}\n{rest}")


def _own_time(client: DockerClient, application: Application, wall: float) -> None:
    rows = [("a shallow fetch", _timed(lambda: _fetch(application))[1])]
    for environment in ENVIRONMENTS:
        name = f"{environment}-{application.name}-cart"
        rows.append((f"swarm updates {name}", _timed(lambda name=name: _update(client, name))[1]))  # type: ignore[misc]
        network = application_network(environment, application.name)
        rows.append((f"the suite on {network}", _timed(lambda at=network: _suite(client, application, at))[1]))  # type: ignore[misc]
    by_hand = sum(seconds for _, seconds in rows)
    print("\nthe same by hand")
    for name, seconds in rows:
        print(f"  {name:32} {seconds:8.2f} s")
    print(f"  {'together':32} {by_hand:8.2f} s")
    print(f"\nOnward's own time in the warm release: {wall - by_hand:.2f} s of {wall:.2f} s")


def _fetch(application: Application) -> None:
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(["git", "init", "-q", "--bare", directory], check=True)
        subprocess.run(
            [
                "git",
                "-C",
                directory,
                "fetch",
                "-q",
                "--depth=1",
                f"file://{application.repository}",
                application.commit,
            ],
            check=True,
        )


def _update(client: DockerClient, name: str) -> None:
    """Change one variable of a service and wait until swarm has replaced all tasks."""
    services = SwarmServices(client)
    current = _found(services, name)
    spec = current["Spec"]
    spec["TaskTemplate"]["ContainerSpec"]["Env"].append("BY_HAND=1")
    services.update(current, spec)
    while (_found(services, name).get("UpdateStatus") or {}).get("State") != "completed":
        time.sleep(POLL)


def _suite(client: DockerClient, application: Application, network: str) -> None:
    image = next(
        tag for image in client.images.list() for tag in image.tags if f"/{application.name}/cart/suite:" in tag
    )
    url = f"http://{network}-cart:8080"
    client.containers.run(
        image,
        network=network,
        environment={"ONWARD_URL_CART": url, "ONWARD_URL_CATALOG": url, "ONWARD_CASES": "test_smoke*"},
        remove=True,
    )


def _found(services: SwarmServices, name: str) -> Json:
    found = services.find(name)
    assert found is not None
    return found


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    result = work()
    return result, time.perf_counter() - start


def _table(title: str, document: dict[str, Any], wall: float) -> None:
    print(f"\n{title}: {wall:.2f} s from the command's start to its end")
    for stage in document["stages"]:
        print(f"  {stage['name']:12} {stage['seconds']:8.2f} s  {stage['detail']}")


if __name__ == "__main__":
    main()
