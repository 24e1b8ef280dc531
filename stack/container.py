"""``python -m stack.container``: run one container in the foreground, for the supervisor.

A server that is not installed but has an image runs like any other part of the stack: its
output is this process's output, SIGTERM stops it, and it does not outlive the stack.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from docker import DockerClient
from docker.models.containers import Container

from domain.errors import NotFound, OnwardError
from engines.docker_api import address_of, connect, translated
from engines.labels import Label

#: Seconds between SIGTERM and SIGKILL inside of the engine; less than the supervisor grants us.
GRACE = 8

#: The exit code when SIGTERM comes before the container runs.
ENDED = 128 + signal.SIGTERM


def words(
    image: str, *, host: str, stack: str, name: str, entrypoint: str, folders: Sequence[str], arguments: Sequence[str]
) -> tuple[str, ...]:
    """The command line that runs an image with this module, on the machine's own network.

    :param folders: folders that the container sees at the same paths.
    """
    mounts = [word for folder in folders for word in ("--mount", folder)]
    options = ["--host", host, "--stack", stack, "--name", name, "--image", image, "--entrypoint", entrypoint]
    return (sys.executable, "-m", "stack.container", *options, *mounts, "--", *arguments)


def main() -> int:
    """The container's exit code."""
    parser = argparse.ArgumentParser(description="Run one container in the foreground.")
    for option in ("--host", "--stack", "--name", "--image", "--entrypoint"):
        parser.add_argument(option, required=True)
    parser.add_argument("--mount", action="append", default=[])
    parser.add_argument("arguments", nargs="*")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(ENDED))
    try:
        client = connect(asked.host)
        with translated(address_of(client)):
            remove(client, asked.name)
            try:
                container = _created(client, asked)
                output = container.attach(stream=True)  # of one that has ended already it would never end
                container.start()
                signal.signal(signal.SIGTERM, lambda *_: container.stop(timeout=GRACE))
                for chunk in output:
                    sys.stdout.buffer.write(chunk)
                    sys.stdout.buffer.flush()
                code = int(container.wait()["StatusCode"])
            finally:
                remove(client, asked.name)
    except OnwardError as error:
        print(error, file=sys.stderr)  # noqa: T201 – the part's log
        return 1
    return code


def remove(client: DockerClient, name: str) -> None:
    """Remove a container, whatever it does; nothing when there is none."""
    try:
        with translated(address_of(client)):
            client.containers.get(name).remove(force=True)
    except NotFound:
        return


def _created(client: DockerClient, asked: argparse.Namespace) -> Container:
    return client.containers.create(
        asked.image,
        list(asked.arguments),
        entrypoint=[asked.entrypoint],
        name=asked.name,
        labels={Label.STACK: asked.stack},
        network_mode="host",
        user=f"{os.getuid()}:{os.getgid()}",
        volumes={folder: {"bind": folder, "mode": "rw"} for folder in asked.mount},
    )


if __name__ == "__main__":
    sys.exit(main())
