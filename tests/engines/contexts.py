"""Build contexts as files of a test, and what builds of them leave."""

from __future__ import annotations

from pathlib import Path

from docker import DockerClient


def write(context: Path, **files: str) -> Path:
    """One file for each keyword; two underscores are a dot."""
    for name, content in files.items():
        (context / name.replace("__", ".")).write_text(content)
    return context


def containers_of(client: DockerClient, mark: str) -> list[str]:
    """The containers, running or not, with a mark in their command."""
    return [each["Id"] for each in client.api.containers(all=True, trunc=False) if mark in each["Command"]]
