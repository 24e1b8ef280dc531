"""The four workers of the stack: one process per duty, each with the variables of its duty alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import settings as settings_module
from domain.artifact import digest_of
from domain.duration import format_duration
from domain.environment import ENVIRONMENTS
from domain.identity import Duty, backup_bucket, duty_of
from settings import LOOPBACK, StackSettings, git_environment
from stack import probes
from stack.credentials import Credentials
from stack.edges import edge_variables
from stack.parts import Part, Port
from stack.places import StateDirectory
from stack.prometheus import exporter_port, prometheus_url, rules_directory
from stack.queues import sqs_endpoint
from stack.servers import (
    BUCKET,
    REGION,
    registry_host,
    s3_endpoint,
    temporal_address,
    temporal_ui_url,
    worker_metrics_port,
)

WORKER = Path(settings_module.__file__).parent.with_name("worker.py")

#: What a worker runs, beside ``worker.py``: as in the Dockerfile.
CODE = ("telemetry.py", "settings", "duties", "domain", "workflows", "activities", "stores", "engines")

#: What names a file that a worker reads at its start, so that another content is another worker.
READ_ONCE = ("ONWARD_CHANNELS", "ONWARD_EDGE_ACME_ROOTS")

#: ``worker.GRACE`` and ``worker.CLOSING`` are 24 s; it sends its last traces then. What is killed, Temporal gives to
#: the next worker.
GRACE = 30


def worker(
    settings: StackSettings,
    directory: StateDirectory,
    credentials: Credentials,
    gateway: str,
    duty: Duty,
    pid: Callable[[str], int],
    edge_image: str = "",
) -> Part:
    """The worker of one duty.

    :param pid: the process ID of a supervised part, so that an old process's poll counts for nothing.
    :param edge_image: what the stack's edges run; empty when it has none.
    """
    name = f"worker-{duty}"
    environment = worker_environment(settings, directory, credentials, gateway, duty, edge_image)
    return Part(
        name=name,
        title=f"worker: {duty}",
        command=(sys.executable, str(WORKER), "--duty", duty.value),
        probe=lambda: probes.worker_polls(temporal_address(settings), duty, pid(name)),
        address=f"http://{LOOPBACK}:{worker_metrics_port(settings, duty)}/metrics",
        ports=(
            Port(worker_metrics_port(settings, duty), LOOPBACK, "ONWARD_WORKER_METRICS_PORT"),
            *(
                Port(exporter_port(settings, each), LOOPBACK, "ONWARD_EXPORTER_PORT")
                for each in ENVIRONMENTS
                if duty_of(each) is duty
            ),
        ),
        environment=environment,
        configuration=code_digest(WORKER.parent) + "".join(_content(environment.get(each)) for each in READ_ONCE),
        grace=GRACE,
    )


def code_digest(root: Path) -> str:
    """Other code, other digest: no worker runs on with what Onward was before an update."""
    folders = [root / name for name in CODE]
    files = sorted(file for folder in folders for file in (folder.rglob("*.py") if folder.is_dir() else [folder]))
    return digest_of(b"".join(file.read_bytes() for file in (root / WORKER.name, *files)))


def _content(file: str | None) -> str:
    """A digest of what a file holds."""
    return digest_of(Path(file).read_bytes()) if file and Path(file).is_file() else ""


def worker_environment(
    settings: StackSettings,
    directory: StateDirectory,
    credentials: Credentials,
    gateway: str,
    duty: Duty,
    edge_image: str = "",
) -> dict[str, str]:
    """What a worker is told: where Temporal is, links, and the keys of its duty."""
    told = client_variables(settings) | {
        "ONWARD_STACK": settings.name,
        "ONWARD_METRICS_ADDRESS": f"{LOOPBACK}:{worker_metrics_port(settings, duty)}",
    }
    if duty is Duty.ORCHESTRATE:
        return told | {"ONWARD_REMIND_EVERY": format_duration(settings.remind_every)}
    key = credentials.s3_key(duty)
    told |= {
        "ONWARD_S3_ENDPOINT": s3_endpoint(settings, gateway),
        "ONWARD_S3_BUCKET": BUCKET,
        "ONWARD_S3_REGION": REGION,
        "ONWARD_S3_ACCESS_KEY": key.access,
        "ONWARD_S3_SECRET_KEY": key.secret.get_secret_value(),
        "ONWARD_REGISTRY": registry_host(settings),
    }
    if duty is Duty.BUILD:
        return (
            told
            | _reach_outside(gateway)
            | {
                "ONWARD_BUILD_DOCKER_HOST": settings.docker_host,
                "ONWARD_SIGNING_KEY": str(credentials.signing_key),
            }
        )
    environment = next(each for each in ENVIRONMENTS if duty_of(each) is duty)
    told |= {
        f"ONWARD_{duty.upper()}_DOCKER_HOST": settings.docker_host,
        "ONWARD_BACKUP_BUCKET": backup_bucket(settings.name, environment),
        "ONWARD_SQS_ENDPOINT": sqs_endpoint(settings, gateway),
        "ONWARD_TRUSTED_KEYS": str(credentials.trusted_keys),
        "ONWARD_PROMETHEUS_URL": prometheus_url(settings),
        "ONWARD_RULES_DIRECTORY": str(rules_directory(directory, environment)),
        "ONWARD_EXPORTER_ADDRESS": f"{LOOPBACK}:{exporter_port(settings, environment)}",
    } | edge_variables(settings, environment, edge_image)
    if duty is Duty.CI:
        told["ONWARD_VERDICT_KEY"] = str(credentials.verdict_key)
        if settings.channels != Path():
            told["ONWARD_CHANNELS"] = str(settings.channels.expanduser().resolve())
    return told


def client_variables(settings: StackSettings) -> dict[str, str]:
    """What the CLI, too, needs to talk to this stack."""
    return {
        "TEMPORAL_ADDRESS": temporal_address(settings),
        "TEMPORAL_NAMESPACE": probes.NAMESPACE,
        "ONWARD_TEMPORAL_UI_URL": temporal_ui_url(settings),
        "ONWARD_OTLP_ENDPOINT": settings.otlp_endpoint,
    } | {f"ONWARD_EDGE_{each.upper()}_URL": f"http://{LOOPBACK}:{settings.edge_port(each)}" for each in ENVIRONMENTS}


def _reach_outside(gateway: str) -> dict[str, str]:
    """Only the build duty talks to servers of others, by git; ours are never asked through a proxy."""
    given = git_environment()
    spared = ",".join(filter(None, [given.get("NO_PROXY") or given.get("no_proxy"), LOOPBACK, gateway]))
    return given | {"NO_PROXY": spared, "no_proxy": spared}
