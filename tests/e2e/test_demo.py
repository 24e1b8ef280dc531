"""``onward demo`` on a stack that is up: the whole story, and what runs at its end."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator

import pytest
from docker import DockerClient

from domain.environment import ENVIRONMENTS, Environment
from engines.labels import Label
from engines.swarm_api import SwarmServices
from examples.repository import APPLICATION
from settings import StackSettings
from starter.demo import ROLES
from tests.e2e.commandline import CommandLine
from tests.e2e.removal import removed_afterwards


@pytest.fixture
def nobodys_shop(stack_settings: StackSettings, engine: DockerClient) -> Iterator[None]:
    """The demo's application has a name that one stack of an engine can have; its services go with the test."""
    services = SwarmServices(engine)
    for service in services.labelled({Label.APPLICATION: APPLICATION}):
        labels = service["Spec"]["Labels"]
        if labels[Label.STACK] != stack_settings.name:
            pytest.skip(
                f"stack {labels[Label.STACK]} has a {APPLICATION} on this engine: `onward down --purge` ends it"
            )
    with removed_afterwards(stack_settings, APPLICATION):
        yield


@pytest.mark.usefixtures("nobodys_shop")
def test_the_demo_ends_with_every_service_in_both_environments(
    onward: CommandLine, stack_settings: StackSettings
) -> None:
    story = onward.json("demo")

    assert [release["status"] for release in story["releases"]] == [*["verified"] * 5, "failed", "verified"]
    assert story["roll_forward"]["state"] == "closed"
    deployed = onward.json("deployed", "--application", APPLICATION)
    there = {(row["environment"], row["role"]): row for row in deployed}
    assert there.keys() == {(environment, role) for environment in ENVIRONMENTS for role in ROLES}
    assert {row["state"] for row in deployed} == {"running"}
    fix = story["releases"][-1]
    assert {there[each, "cart"]["commit"] for each in ENVIRONMENTS} == {fix["commit"]}
    with urllib.request.urlopen(_carts_in_prod(stack_settings), timeout=10) as answer:  # noqa: S310 – our own edge
        assert "carts" in json.load(answer)


def _carts_in_prod(settings: StackSettings) -> str:
    return f"http://127.0.0.1:{settings.edge_port(Environment.PROD)}/cart"
