"""Real servers for tests: on free ports of one address, in temporary directories, gone afterwards."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import requests
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from engines.docker_api import connect
from settings import StackSettings
from stack.images import Images
from stack.places import Machine
from stack.programs import ALERTMANAGER, PROMETHEUS, REGISTRY, Program, command
from stack.queues import HEALTH as QUEUE_HEALTH
from stack.queues import queue_server_variables
from stack.servers import VOLUMES
from tests.free_ports import GRPC_OFFSET, LOOPBACK, free_ports

READY_WITHIN = 60.0


@dataclass(frozen=True)
class S3Server:
    """A running S3; the parameters are what ``S3ObjectStore`` takes beside the bucket."""

    endpoint: str
    access_key: str = "onward-test"
    secret_key: str = "onward-test-secret"
    region: str = "us-east-1"


@dataclass(frozen=True)
class RegistryServer:
    """A running image registry: ``host`` is ``<address>:<port>``, ``files`` is where it keeps blobs."""

    host: str
    files: Path


@contextmanager
def s3_server(address: str = LOOPBACK) -> Iterator[S3Server]:
    """SeaweedFS.

    :param address: give one that containers reach when they must read from it too.
    """
    with scratch_directory("s3") as directory:
        ports = free_ports(5, address)
        parts = ("s3", "master", "volume", "filer", "admin")
        server = S3Server(endpoint=f"http://{address}:{ports[0]}")
        credentials = {"accessKey": server.access_key, "secretKey": server.secret_key}
        identity = {"name": "test", "credentials": [credentials], "actions": ["Admin", "Read", "Write", "List"]}
        (directory / "identities.json").write_text(json.dumps({"identities": [identity]}))
        weed = Path(sys.executable).parent / "weed"
        words = [str(weed), "mini", VOLUMES, f"-dir={directory}", f"-ip={address}", f"-ip.bind={address}"]
        words += [f"-{part}.port={port}" for part, port in zip(parts, ports, strict=True)]
        words += [f"-{part}.localSocket={directory / part}.sock" for part in ("filer", "s3")]
        words += ["-s3.port.iceberg=0", "-s3.port.lance=0", f"-s3.config={directory / 'identities.json'}"]
        words += ["-webdav=false", "-admin.ui=false", "-master.telemetry=false"]
        try:
            with running(words, directory, lambda: _lists_buckets(server)):
                yield server
        finally:
            # SeaweedFS leaves the sockets that its own parts talk through; their place is fixed.
            for port in ports:
                for leftover in Path("/tmp").glob(f"seaweedfs-*-{port + GRPC_OFFSET}.sock"):  # noqa: S108
                    leftover.unlink()


@contextmanager
def registry_server(program: Program = REGISTRY) -> Iterator[RegistryServer]:
    """Installed or in a container; nothing can be deleted."""
    with scratch_directory("registry") as directory:
        server = RegistryServer(f"{LOOPBACK}:{free_ports(1)[0]}", directory / "files")
        configuration = {
            "version": "0.1",
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(server.files)}, "delete": {"enabled": False}},
            "http": {"addr": server.host, "secret": "only for tests"},
        }
        # JSON is YAML.
        (directory / "config.yml").write_text(json.dumps(configuration))
        words = words_of(program, directory, "serve", str(directory / "config.yml"))
        with running(words, directory, lambda: requests.get(f"http://{server.host}/v2/", timeout=1).ok):
            yield server


@contextmanager
def sqs_server(address: str = LOOPBACK) -> Iterator[str]:
    """ministack, which keeps nothing once it has ended; its address. It takes any key."""
    with scratch_directory("sqs") as directory:
        port = free_ports(1, address)[0]
        variables = queue_server_variables(directory, address, port) | {
            "PATH": os.environ["PATH"],
            "TMPDIR": str(directory),
        }
        words = [str(Path(sys.executable).with_name("ministack"))]
        health = f"http://{address}:{port}{QUEUE_HEALTH}"
        with running(words, directory, lambda: requests.get(health, timeout=1).ok, variables):
            yield f"http://{address}:{port}"


@contextmanager
def prometheus_server(
    rules: str = "groups: []\n", *, more: Path | None = None, lifecycle: bool = True, target: str = ""
) -> Iterator[str]:
    """Prometheus, judging rules twice a second; its address.

    :param more: a directory whose ``*.yml`` are rules, too, and whose ``targets-*.json`` say what to scrape.
    :param lifecycle: whether it may be told to read them anew.
    :param target: ``host:port`` that it scrapes as often, if any.
    """
    with scratch_directory("prometheus") as directory:
        address = f"{LOOPBACK}:{free_ports(1)[0]}"
        (directory / "rules.yml").write_text(rules)
        settings = {
            "global": {"evaluation_interval": "500ms", "scrape_interval": "500ms", "scrape_timeout": "500ms"},
            "rule_files": ["rules.yml", *([f"{more}/*.yml"] if more else ())],
            "scrape_configs": [
                *([{"job_name": "target", "static_configs": [{"targets": [target]}]}] if target else ()),
                *([{"job_name": "more", "file_sd_configs": [{"files": [f"{more}/targets-*.json"]}]}] if more else ()),
            ],
        }
        (directory / "prometheus.yml").write_text(json.dumps(settings))
        options = [f"--config.file={directory / 'prometheus.yml'}", "--log.level=warn"]
        options += [f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={address}"]
        options += ["--web.enable-lifecycle"] if lifecycle else []
        with running(
            words_of(PROMETHEUS, directory, *options),
            directory,
            lambda: requests.get(f"http://{address}/-/ready", timeout=1).ok,
        ):
            yield f"http://{address}"


@contextmanager
def alertmanager_server(receiver: str, token: str) -> Iterator[str]:
    """Alertmanager, by itself, which sends all that fires to one webhook at once; its address."""
    with scratch_directory("alertmanager") as directory:
        address = f"{LOOPBACK}:{free_ports(1)[0]}"
        authorization = {"http_config": {"authorization": {"credentials": token}}}
        settings = {
            "route": {"receiver": "onward", "group_wait": "0s", "group_interval": "1s", "group_by": ["..."]},
            "receivers": [{"name": "onward", "webhook_configs": [{"url": receiver, **authorization}]}],
        }
        (directory / "alertmanager.yml").write_text(json.dumps(settings))
        options = [f"--config.file={directory / 'alertmanager.yml'}", "--log.level=warn"]
        options += [f"--storage.path={directory / 'data'}", f"--web.listen-address={address}"]
        options += ["--cluster.listen-address="]
        with running(
            words_of(ALERTMANAGER, directory, *options),
            directory,
            lambda: requests.get(f"http://{address}/-/ready", timeout=1).ok,
        ):
            yield f"http://{address}"


def _lists_buckets(server: S3Server) -> bool:
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name=server.region,
        config=Config(connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1}),
    )
    try:
        client.list_buckets()
    except (BotoCoreError, ClientError):
        return False
    finally:
        client.close()
    return True


def words_of(program: Program, directory: Path, *arguments: str) -> tuple[str, ...]:
    """How the stack runs a program: installed, else from its image; a container sees the directory."""
    settings = StackSettings(state_directory=directory)
    with closing(connect(settings.docker_host)) as client:
        return command(program, settings, Images(client, Machine(settings)), [directory], arguments)


@contextmanager
def scratch_directory(name: str) -> Iterator[Path]:
    """A directory that goes again. Not pytest's: its paths are too long for a Unix socket."""
    directory = Path(tempfile.mkdtemp(prefix=f"onward-{name}-"))
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextmanager
def running(
    command: Sequence[str], directory: Path, answers: Callable[[], bool], variables: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A server, from when it answers to the end of the block; its log is in the directory.

    :raises RuntimeError: it did not answer in time; the text ends with its log.
    """
    log = directory / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=directory, env=variables, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until(answers, process, log)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until(answers: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if answers():
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    tail = log.read_text(errors="replace")[-2000:]
    state = f"ended with {process.returncode}" if process.poll() is not None else "does not answer"
    raise RuntimeError(f"{process.args!r} {state}; the end of its log:\n{tail}")
