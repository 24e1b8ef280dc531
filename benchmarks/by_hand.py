"""What a release of ``cart`` needs from git, the engine and swarm, done without Onward.

Each step is done once, as a person would who knows what is needed: what Onward does twice, or does not do at
the same time, counts as Onward's. The two suites of a regression run at the same time here too.
"""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from docker import DockerClient
from docker.errors import APIError

from domain.environment import Environment
from domain.identity import application_network
from engines.labels import Label
from engines.swarm_api import Json, SwarmServices
from settings import StackSettings
from stack.servers import registry_host
from tests.e2e.application import Application

POLL = 0.05
SLICE = "by-hand"
ROLES = ("cart", "catalog")


class ByHand:
    """The steps; ``image`` is what the last build pushed, by its digest."""

    def __init__(self, settings: StackSettings, application: Application, client: DockerClient) -> None:
        self._settings = settings
        self._application = application
        self._client = client
        self._services = SwarmServices(client)
        self.image = ""

    # --- source and build -------------------------------------------------------------------

    def fetch(self) -> None:
        """One commit, shallow."""
        with tempfile.TemporaryDirectory() as directory:
            subprocess.run(["git", "init", "--quiet", "--bare", directory], check=True)
            url = f"file://{self._application.repository}"
            words = ["fetch", "--quiet", "--depth=1", url, self._application.commit]
            subprocess.run(["git", "-C", directory, *words], check=True)

    def build(self) -> None:
        """Build and push the image of a one-line change that nobody has built."""
        tag = f"{registry_host(self._settings)}/by-hand/cart:{time.time_ns()}"
        with tempfile.TemporaryDirectory() as directory:
            context = Path(directory, "cart")
            shutil.copytree(self._application.repository / "cart", context)
            with (context / "app.py").open("a") as file:
                file.write(f"# {tag}\n")
            self._docker("build", "--quiet", "--tag", tag, str(context))
        self._docker("push", "--quiet", tag)
        self.image = str(self._client.images.get(tag).attrs["RepoDigests"][0])

    # --- a slice, and what runs in it -------------------------------------------------------

    def slice_up(self) -> None:
        """A network with both services of the application, until swarm calls them healthy."""
        labels = {Label.STACK.value: self._settings.name}
        self._client.networks.create(SLICE, driver="overlay", attachable=True, labels=labels)
        for role in ROLES:
            deployed = f"{Environment.CI}-{self._application.name}-{role}"
            spec = copy.deepcopy(self._found(deployed)["Spec"])
            spec |= {"Name": f"{SLICE}-{role}", "Labels": labels}
            spec["TaskTemplate"]["Networks"] = [{"Target": SLICE, "Aliases": [deployed]}]
            self._services.create(spec)
        found = [self._found(f"{SLICE}-{role}") for role in ROLES]
        while {_state(tasks) for tasks in self._services.tasks(found).values()} != {"running"}:
            time.sleep(POLL)

    def suites(self) -> None:
        """All cases of both services, in the slice."""
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda role: self._suite(role, SLICE), ROLES))

    def slice_down(self) -> None:
        """Services and network; swarm lets the network go once the last container is off it."""
        for role in ROLES:
            self._services.remove(f"{SLICE}-{role}")
        while self._containers() or self._networks():
            with suppress(APIError):
                self._client.api.remove_network(SLICE)
            time.sleep(POLL)

    # --- an environment ---------------------------------------------------------------------

    def update(self, environment: Environment, *, image: str = "") -> None:
        """Give the deployed service another variable, or another image, until swarm has replaced all tasks."""
        name = f"{environment}-{self._application.name}-cart"
        current = self._found(name)
        spec = copy.deepcopy(current["Spec"])
        container = spec["TaskTemplate"]["ContainerSpec"]
        container["Env"] = [*container["Env"], f"BY_HAND={time.time_ns()}"]
        container["Image"] = image or container["Image"]
        self._services.update(current, spec)
        while (self._found(name).get("UpdateStatus") or {}).get("State") != "completed":
            time.sleep(POLL)

    def smoke(self, environment: Environment) -> None:
        """The smoke cases of cart, in an environment."""
        self._suite("cart", application_network(environment, self._application.name), environment, "test_smoke*")

    def _suite(self, role: str, network: str, environment: Environment = Environment.CI, cases: str = "") -> None:
        wanted = f"/{self._application.name}/{role}/suite:"
        image = next(tag for each in self._client.images.list() for tag in each.tags if wanted in tag)
        stem = f"{environment}-{self._application.name}"
        urls = {f"ONWARD_URL_{each.upper()}": f"http://{stem}-{each}:8080" for each in ROLES}
        named = {"ONWARD_ENVIRONMENT": environment.value, "ONWARD_APPLICATION": self._application.name}
        variables = urls | named | ({"ONWARD_CASES": cases} if cases else {})
        self._client.containers.run(image, network=network, environment=variables, remove=True)

    def _containers(self) -> list[str]:
        return [each["Id"] for each in self._client.api.containers(all=True, filters={"name": f"{SLICE}-"})]

    def _networks(self) -> list[str]:
        return [each["Id"] for each in self._client.api.networks() if each["Name"] == SLICE]

    def _found(self, name: str) -> Json:
        found = self._services.find(name)
        assert found is not None, f"{name} is not there"
        return found

    def _docker(self, *words: str) -> None:
        environment = {**os.environ, "DOCKER_HOST": self._settings.docker_host, "DOCKER_BUILDKIT": "0"}
        subprocess.run(["docker", *words], env=environment, capture_output=True, check=True)


def _state(tasks: Sequence[Json]) -> str:
    """How far the newest task is; nothing yet before swarm made one."""
    return str(tasks[-1]["Status"]["State"]) if tasks else ""
