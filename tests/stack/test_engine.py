"""A Docker Engine of our own: started when none answers, made a swarm, stopped by its pid."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from docker import DockerClient

from domain.errors import Unreachable
from settings import StackSettings
from stack.account import Account
from stack.engine import ensure_engine
from stack.places import Machine
from tests.stack.conftest import quiet

pytestmark = pytest.mark.server


#: An engine of a test's own needs a network of its own.
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a network namespace")

NOBODY = 65534

STORY = [
    "starting the Docker Engine; its log is {}/machine/dockerd.log",
    "making the Docker Engine a swarm of one",
    "stopping the Docker Engine that Onward started",
]


@as_root
def test_an_engine_is_started_where_none_answers_and_only_that_one_is_stopped(
    scratch: Path, engine: DockerClient
) -> None:
    done = _alone(scratch)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [line.format(scratch) for line in STORY]
    assert engine.ping(), "the machine's own engine was not touched"


@as_root
def test_a_user_starts_and_stops_it_through_sudo_and_its_socket_is_open_to_that_users_group(scratch: Path) -> None:
    """The sudo here is a script that notes what it is asked: whoever runs it is root already."""
    sudo, asked = scratch / "sudo", scratch / "asked"
    sudo.write_text(f'#!/bin/sh\n[ "$1" = -n ] && shift\necho "$*" >>{asked}\nexec "$@"\n')
    sudo.chmod(0o755)
    done = _alone(scratch, "daemon")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [line.format(scratch) for line in STORY]
    start, stop = (line for line in asked.read_text().splitlines() if line != "true")
    assert start.startswith("setsid --fork env GOGC=400 ")
    assert "--group daemon" in start
    assert stop.startswith("kill -15 ")


@pytest.mark.parametrize("groups", [("users",), ("alice",)])
def test_who_can_neither_be_root_nor_use_its_socket_is_told_what_to_do(scratch: Path, groups: tuple[str, ...]) -> None:
    """Without sudo; and a group that others are in would open the socket to them, too."""
    account = Account(1000, "alice", groups, has_terminal=False, path=str(scratch))
    machine = Machine(StackSettings(machine_directory=scratch))
    step = "sudo systemctl start docker" if groups == ("alice",) else "sudo usermod -aG docker alice, then log in anew"
    with pytest.raises(Unreachable, match=f"next: {step}"):
        ensure_engine(f"unix://{scratch}/none.sock", machine, quiet, account=account)


@as_root
def test_a_socket_that_is_not_open_to_the_user_is_told_from_an_engine_that_is_not_there(scratch: Path) -> None:
    scratch.chmod(0o755)
    machine = Machine(StackSettings(machine_directory=scratch / "machine"))
    account = Account(NOBODY, "alice", ("alice",), has_terminal=False, path=str(scratch))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{scratch}/docker.sock")
        (scratch / "docker.sock").chmod(0o600)
        os.seteuid(NOBODY)
        try:
            with pytest.raises(Unreachable, match="not open to you\n  next: sudo usermod -aG docker alice"):
                ensure_engine(f"unix://{scratch}/docker.sock", machine, quiet, account=account)
        finally:
            os.seteuid(0)


def test_an_engine_elsewhere_is_not_started_but_named(scratch: Path) -> None:
    with pytest.raises(Unreachable, match="only an engine of this machine"):
        ensure_engine("tcp://127.0.0.1:1", Machine(StackSettings(machine_directory=scratch)), quiet)


def _alone(scratch: Path, *group: str) -> subprocess.CompletedProcess[str]:
    words = ["unshare", "--net", sys.executable, "-m", "tests.stack.engine_alone", str(scratch), *group]
    return subprocess.run(words, capture_output=True, text=True, check=False)
