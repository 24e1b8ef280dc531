"""The servers of the stack: Temporal, S3, the image registry – each with its command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

import yaml
from temporalio.common import SearchAttributeKey

from domain.environment import ENVIRONMENTS
from domain.identity import Duty, backup_bucket, duty_of
from settings import LOOPBACK, StackSettings, WorkerSettings
from stack import probes
from stack.credentials import Credentials, write_private
from stack.images import Images
from stack.parts import Part, Port
from stack.places import StateDirectory
from stack.programs import REGISTRY, command, python_tool
from stores.s3 import S3ObjectStore
from workflows.attributes import ALL

BUCKET: str = WorkerSettings.model_fields["s3_bucket"].default
REGION: str = WorkerSettings.model_fields["s3_region"].default

#: What listens on ``internal_port`` + n. SeaweedFS would else derive some of them by itself.
INTERNAL = (
    "temporal.http",
    "temporal.metrics",
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
    "admin.port",
)

#: SeaweedFS's admin server must have its gRPC port where its own worker looks for it.
ADMIN_GRPC_OFFSET = 10_000


#: SeaweedFS has a volume or more for each bucket, and by itself no more of them than the disk has free
#: gigabytes; each site has a bucket per environment. A volume is as large as what is in it.
VOLUMES = "-volume.max=10000"

#: Written at the first start and read at each later one: on a busy machine SeaweedFS knows its buckets some seconds
#: before it has found what is in them, and answers a read with "internal error" until then.
MARKER, MARK = "stack/started.json", b"{}"

#: What SeaweedFS's parts must show each other. By itself its filer lets everybody read and write every
#: bucket by plain HTTP, past all keys, and every container reaches the address that it listens on.
INTERNAL_KEYS = (
    "WEED_JWT_SIGNING_KEY",
    "WEED_JWT_SIGNING_READ_KEY",
    "WEED_JWT_FILER_SIGNING_KEY",
    "WEED_JWT_FILER_SIGNING_READ_KEY",
)

#: Temporal's dynamic configuration. By itself the server looks for work to hand out at most 20 times a
#: second and shard, so that every step of every workflow waits for up to 50 ms: a release without
#: anything to do takes 2.20 s like that, and 0.35 s like this (``deploy/temporal.yaml`` has the same).
TEMPORAL_CONFIG = {"history.transferProcessorMaxPollRPS": 1000}


class S3Access(TypedDict):
    """Parameters of :class:`stores.s3.S3ObjectStore` beside the bucket."""

    endpoint: str
    access_key: str
    secret_key: str
    region: str


def _internal(settings: StackSettings, name: str, host: str) -> Port:
    return Port(settings.internal_port + INTERNAL.index(name), host, "ONWARD_INTERNAL_PORT")


def temporal_config() -> list[str]:
    """:data:`TEMPORAL_CONFIG` as options of ``temporal server start-dev``."""
    return [word for name, value in TEMPORAL_CONFIG.items() for word in ("--dynamic-config-value", f"{name}={value}")]


def temporal(settings: StackSettings, directory: StateDirectory) -> Part:
    """The dev server: history in one SQLite file, our search attributes, the Web UI."""
    http, metrics = (_internal(settings, f"temporal.{name}", LOOPBACK) for name in ("http", "metrics"))
    words = [python_tool("temporal"), "server", "start-dev", "--ip", LOOPBACK, "--log-level", "warn"]
    words += ["--port", str(settings.temporal_port), "--ui-port", str(settings.temporal_ui_port)]
    words += ["--http-port", str(http.number), "--metrics-port", str(metrics.number), "--ui-disable-news-fetch"]
    words += ["--db-filename", str(directory.data / "temporal.db")]
    for pragma in ("journal_mode=wal", "synchronous=1"):  # twice to three times the throughput
        words += ["--sqlite-pragma", pragma]
    words += temporal_config()
    for key in ALL:
        words += ["--search-attribute", search_attribute(key)]
    return Part(
        name="temporal",
        title="Temporal",
        command=tuple(words),
        probe=lambda: probes.temporal_answers(temporal_address(settings)),
        address=temporal_ui_url(settings),
        ports=(
            Port(settings.temporal_port, LOOPBACK, "ONWARD_TEMPORAL_PORT"),
            Port(settings.temporal_ui_port, LOOPBACK, "ONWARD_TEMPORAL_UI_PORT"),
            http,
            metrics,
        ),
    )


def s3(settings: StackSettings, directory: StateDirectory, credentials: Credentials, gateway: str) -> Part:
    """SeaweedFS on the bridge's gateway address: this machine and its containers reach it, others do not."""
    data = directory.data / "s3"
    data.mkdir(exist_ok=True)
    internal = [name for name in INTERNAL if not name.startswith("temporal.")]
    ports = {name: _internal(settings, name, gateway) for name in internal}
    admin = ports["admin.port"]
    ports["admin.port.grpc"] = Port(admin.number + ADMIN_GRPC_OFFSET, admin.host, admin.setting)
    ports["s3.port"] = Port(settings.s3_port, gateway, "ONWARD_S3_PORT")
    words = [python_tool("weed"), "-v=0", "mini", VOLUMES, f"-dir={data}", f"-ip={gateway}", f"-ip.bind={gateway}"]
    words += [f"-{name}={port.number}" for name, port in ports.items()]
    words += [f"-{name}.localSocket={directory.run / name}.sock" for name in ("filer", "s3")]
    words += [f"-s3.config={credentials.s3_identities}", "-s3.port.iceberg=0", "-s3.port.lance=0"]
    words += ["-webdav=false", "-admin.ui=false", "-master.telemetry=false"]
    both = [Port(port.number, host, port.setting) for port in ports.values() for host in (gateway, LOOPBACK)]
    return Part(
        name="s3",
        title="S3 (SeaweedFS)",
        command=tuple(words),
        probe=_has_found_its_data(settings, credentials, gateway),
        address=s3_endpoint(settings, gateway),
        ports=tuple(both),
        environment=dict.fromkeys(INTERNAL_KEYS, credentials.s3_internal_key.read_text()),
    )


def registry(settings: StackSettings, directory: StateDirectory, images: Images) -> Part:
    """The image registry, on loopback; what was pushed cannot be deleted."""
    configuration = directory.run / "registry.yml"
    data = directory.data / "registry"
    data.mkdir(exist_ok=True)
    content = {
        "version": "0.1",
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(data)}, "delete": {"enabled": False}},
        "http": {"addr": registry_host(settings)},
    }
    text = yaml.safe_dump(content)
    write_private(configuration, text)
    return Part(
        name="registry",
        title="image registry",
        command=command(REGISTRY, settings, images, [data, directory.run], ["serve", str(configuration)]),
        probe=lambda: probes.answers_http("image registry", LOOPBACK, settings.registry_port, "/v2/"),
        address=registry_host(settings),
        ports=(Port(settings.registry_port, LOOPBACK, "ONWARD_REGISTRY_PORT"),),
        configuration=text,
    )


def search_attribute(key: SearchAttributeKey[Any]) -> str:
    """Name and type as the Temporal CLI wants them: ``OnwardRuns=KeywordList``."""
    return f"{key.name}={key.indexed_value_type.name.title().replace('_', '')}"


def temporal_metrics_port(settings: StackSettings) -> int:
    """The port of Temporal's own metrics."""
    return _internal(settings, "temporal.metrics", LOOPBACK).number


def temporal_address(settings: StackSettings) -> str:
    """Temporal's gRPC address."""
    return f"{LOOPBACK}:{settings.temporal_port}"


def temporal_ui_url(settings: StackSettings) -> str:
    """The Temporal Web UI."""
    return f"http://{LOOPBACK}:{settings.temporal_ui_port}"


def s3_endpoint(settings: StackSettings, gateway: str) -> str:
    """The S3 API, under the one address that workers, edges and containers all reach."""
    return f"http://{gateway}:{settings.s3_port}"


def registry_host(settings: StackSettings) -> str:
    """The registry's host and port: the part of an image's name that says where it is."""
    return f"{LOOPBACK}:{settings.registry_port}"


def worker_metrics_port(settings: StackSettings, duty: Duty) -> int:
    """The port of a worker's metrics."""
    return settings.worker_metrics_port + list(Duty).index(duty)


def _has_found_its_data(settings: StackSettings, credentials: Credentials, gateway: str) -> Callable[[], None]:
    """Onward's own bucket and those of backups, each made by who writes it, and an object from before."""
    names = {Duty.BUILD: BUCKET} | {duty_of(each): backup_bucket(settings.name, each) for each in ENVIRONMENTS}
    stores = [
        S3ObjectStore(**s3_access(settings, credentials, gateway, duty), bucket=name) for duty, name in names.items()
    ]

    def probe() -> None:
        # boto3 is slow to give up on a server that is not there, so something quick is asked first.
        probes.answers_http("S3", gateway, settings.s3_port, "/healthz")
        for store in stores:
            store.ensure_bucket()
        stores[0].create(MARKER, MARK)  # Onward's own: it reads what is there already

    return probe


def s3_access(settings: StackSettings, credentials: Credentials, gateway: str, duty: Duty) -> S3Access:
    """What a store needs to reach S3 with the key of a duty."""
    key = credentials.s3_key(duty)
    return {
        "endpoint": s3_endpoint(settings, gateway),
        "access_key": key.access,
        "secret_key": key.secret.get_secret_value(),
        "region": REGION,
    }
