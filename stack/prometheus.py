"""Prometheus of the stack: what it scrapes, and the monitors of both environments that it judges."""

from __future__ import annotations

from pathlib import Path

import yaml

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import Duty, duty_of
from domain.scrape_targets import TargetGroup, target_groups
from engines.prometheus_targets import PrometheusTargets, file_name
from engines.rule_files import SUFFIX
from settings import LOOPBACK, StackSettings
from stack import probes
from stack.credentials import write_private
from stack.images import Images
from stack.parts import Part, Port
from stack.places import PRIVATE, StateDirectory
from stack.programs import PROMETHEUS, command
from stack.servers import temporal_metrics_port, worker_metrics_port


def prometheus(settings: StackSettings, directory: StateDirectory, images: Images) -> Part:
    """Scrapes the workers, the replicas of both environments, both edges, Temporal, and itself."""
    configuration = directory.run / "prometheus.yml"
    data = directory.data / "prometheus"
    data.mkdir(exist_ok=True)
    rules = [rules_directory(directory, each) for each in ENVIRONMENTS]
    for environment, folder in zip(ENVIRONMENTS, rules, strict=True):
        folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
        PrometheusTargets(folder, environment, environment_targets(settings, environment)).ensure()
    text = yaml.safe_dump(scrape_configuration(settings, rules), sort_keys=False)
    write_private(configuration, text)
    words = [f"--config.file={configuration}", f"--storage.tsdb.path={data}", "--log.level=warn"]
    words += [f"--web.listen-address={LOOPBACK}:{settings.prometheus_port}", "--storage.tsdb.retention.time=15d"]
    words += ["--web.enable-lifecycle"]  # the deploy of a release has it read its rules
    return Part(
        name="prometheus",
        title="Prometheus",
        command=command(PROMETHEUS, settings, images, [data, directory.run, *rules], words),
        probe=lambda: probes.answers_http("Prometheus", LOOPBACK, settings.prometheus_port, "/-/ready"),
        address=prometheus_url(settings),
        ports=(Port(settings.prometheus_port, LOOPBACK, "ONWARD_PROMETHEUS_PORT"),),
        configuration=text,
    )


def environment_targets(settings: StackSettings, environment: Environment) -> list[TargetGroup]:
    """What is asked of an environment, as its own worker would write it."""
    return target_groups(
        environment,
        workers=[f"{LOOPBACK}:{worker_metrics_port(settings, duty_of(environment))}"],
        replicas=[f"{LOOPBACK}:{exporter_port(settings, environment)}"],
        edges=[f"{LOOPBACK}:{settings.edge_metrics_port(environment)}"],
    )


def scrape_configuration(settings: StackSettings, rules: list[Path]) -> dict[str, object]:
    """What Prometheus asks by itself, and where it reads rules and what else to ask."""

    def job(name: str, port: int, **labels: str) -> dict[str, object]:
        return {"job_name": name, "static_configs": [{"targets": [f"{LOOPBACK}:{port}"], "labels": labels}]}

    targets = [f"{folder}/{file_name(each)}" for each, folder in zip(ENVIRONMENTS, rules, strict=True)]
    return {
        "global": {"scrape_interval": "5s", "evaluation_interval": "5s"},
        "rule_files": [f"{each}/*{SUFFIX}" for each in rules],
        "scrape_configs": [
            {
                "job_name": "environments",
                "file_sd_configs": [{"files": targets, "refresh_interval": "5s"}],
            },
            *(
                job(f"worker-{duty}", worker_metrics_port(settings, duty), duty=duty.value)
                for duty in (Duty.ORCHESTRATE, Duty.BUILD)
            ),
            # A page of a megabyte, which no monitor is about.
            {**job("temporal", temporal_metrics_port(settings)), "scrape_interval": "30s"},
            job("prometheus", settings.prometheus_port),
        ],
    }


def rules_directory(directory: StateDirectory, environment: Environment) -> Path:
    """Where the monitors of an environment are."""
    return directory.data / "rules" / environment.value


def exporter_port(settings: StackSettings, environment: Environment) -> int:
    """The port at which an environment's worker tells of replicas."""
    return settings.exporter_port + ENVIRONMENTS.index(environment)


def prometheus_url(settings: StackSettings) -> str:
    """Prometheus' own pages and its API."""
    return f"http://{LOOPBACK}:{settings.prometheus_port}"
