"""docker-compose.yml: valid, each duty with its own keys, nothing open but the edges."""

from __future__ import annotations

import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import Duty, duty_of, edge_bucket, edge_network
from engines.docker_api import connect
from engines.edge import edge_arguments
from engines.site_routes import ROUTES_FILE
from settings import StackSettings, WorkerSettings
from stack import programs
from stack.images import Images
from stack.places import Machine
from stack.programs import command
from stack.prometheus import environment_targets, scrape_configuration

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
GATEWAY = "${ONWARD_GATEWAY:-172.17.0.1}"


def worker(duty: Duty) -> dict[str, Any]:
    """The service of a duty's worker."""
    found: dict[str, Any] = COMPOSE["services"][f"worker-{duty}"]
    return found


#: Private keys, and the one duty that holds each.
HOLDERS = {"signing-key": Duty.BUILD, "verdict-key": Duty.CI}


@pytest.mark.server
def test_docker_compose_accepts_it() -> None:
    settings = StackSettings()
    arguments = ["--file", str(ROOT / "docker-compose.yml"), "config", "-q"]
    with closing(connect(settings.docker_host)) as client:
        words = command(programs.COMPOSE, settings, Images(client, Machine(settings)), [ROOT], arguments)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("duty", list(Duty))
def test_each_duty_holds_its_own_keys_and_no_others(duty: Duty) -> None:
    service = worker(duty)
    given = {name.removeprefix("ONWARD_").lower(): value for name, value in service["environment"].items()}
    files = {mount["target"].removeprefix("onward_"): "from a file" for mount in service.get("secrets", ())}
    fields = {name: value for name, value in (given | files).items() if name in WorkerSettings.model_fields}
    WorkerSettings.model_validate(fields).checked_for(duty)
    engines = [volume for volume in service.get("volumes", ()) if volume.endswith("docker.sock")]
    assert len(engines) == (0 if duty is Duty.ORCHESTRATE else 1)
    assert all(f"ONWARD_{duty.upper()}_ENGINE" in engine for engine in engines)


def test_a_secret_is_mounted_by_the_duty_in_its_name_alone() -> None:
    for duty in Duty:
        for mount in worker(duty).get("secrets", ()):
            assert mount["source"] in HOLDERS or mount["source"].startswith(f"s3-{duty}-")
    for key, holder in HOLDERS.items():
        assert [duty for duty in Duty if key in str(worker(duty).get("secrets"))] == [holder]


def test_only_the_edges_are_open_to_other_machines() -> None:
    open_to_all = {
        name
        for name, service in COMPOSE["services"].items()
        for port in service.get("ports", ())
        if not port.startswith(("127.0.0.1:", f"{GATEWAY}:"))
    }
    assert open_to_all == {f"edge-{environment}" for environment in ENVIRONMENTS}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_an_edge_is_started_as_on_the_local_stack(environment: Environment) -> None:
    routes = f"http://{GATEWAY}:8333/{edge_bucket('main', environment)}/served/{ROUTES_FILE}"
    assert COMPOSE["services"][f"edge-{environment}"]["command"] == edge_arguments("main", environment, routes)
    network = COMPOSE["networks"][f"{environment}-edge"]["name"]
    assert network == edge_network("main", environment)


def test_no_secret_stands_in_the_file_and_every_image_is_pinned() -> None:
    for name, service in COMPOSE["services"].items():
        assert not [key for key in service.get("environment", {}) if "PASSWORD" in key and not key.endswith("_FILE")], (
            name
        )
        assert ":" in service["image"], name
        assert not service["image"].endswith(":latest"), name


def test_prometheus_asks_the_same_as_on_the_local_stack() -> None:
    here = yaml.safe_load((ROOT / "deploy/prometheus.yml").read_text())
    local: Any = scrape_configuration(StackSettings(), [Path("/rules", each) for each in ENVIRONMENTS])
    assert here["global"] == local["global"]
    assert here["rule_files"] == local["rule_files"]
    jobs = [job for job in local["scrape_configs"] if job["job_name"] != "temporal"]
    assert here["scrape_configs"] == [_bare(job) for job in jobs]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_duty_of_an_environment_writes_the_same_targets_as_on_the_local_stack(environment: Environment) -> None:
    told = worker(duty_of(environment))["environment"]
    (asked, replicas, edge) = (group.targets for group in environment_targets(StackSettings(), environment))
    assert asked == (told["ONWARD_METRICS_ADDRESS"],)
    assert replicas == (told["ONWARD_EXPORTER_ADDRESS"],)
    assert edge == (told["ONWARD_EDGE_METRICS_ADDRESS"],)
    (mount,) = (each for each in worker(duty_of(environment))["volumes"] if each.startswith("rules-"))
    volume, _, directory = mount.partition(":")
    assert told["ONWARD_RULES_DIRECTORY"] == directory
    assert f"{volume}:/rules/{environment}:ro" in COMPOSE["services"]["prometheus"]["volumes"]


def _bare(job: dict[str, Any]) -> dict[str, Any]:
    """Without labels where there are none."""
    for static in job.get("static_configs", ()):
        if not static["labels"]:
            del static["labels"]
    return job
