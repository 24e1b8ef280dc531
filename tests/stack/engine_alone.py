"""``python -m tests.stack.engine_alone DIRECTORY [GROUP]``: an engine from its start to its end.

With a group it is started through the sudo in the directory, as a user whose own group that is.

Runs in a network namespace without anything, because a second engine takes the first one's
bridge and firewall for its own.
"""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import sys
from contextlib import closing
from pathlib import Path

from settings import StackSettings
from stack.account import Account
from stack.engine import ensure_engine, ensure_swarm, stop_engine
from stack.places import Machine
from stack.programs import ADMINISTRATORS

SET_FLAGS, IS_UP = 0x8914, 0x1


def main(directory: Path, group: str = "") -> None:
    """Start, find again, make a swarm, find again, stop; print what was told."""
    _loopback_up()
    machine, host = Machine(StackSettings(machine_directory=directory / "machine")), f"unix://{directory}/docker.sock"
    options = [f"--data-root={directory}/data", f"--exec-root={directory}/exec"]
    path = os.pathsep.join((str(directory), os.environ["PATH"], *ADMINISTRATORS))
    account = Account(1000, group, (group,), has_terminal=False, path=path) if group else Account.current()
    said: list[str] = []
    try:
        for _ in range(2):
            with closing(ensure_engine(host, machine, said.append, options, account)) as client:
                ensure_swarm(client, said.append)
                swarm = client.info()["Swarm"]
                assert (swarm["LocalNodeState"], swarm["NodeAddr"]) == ("active", "127.0.0.1")
        if group:
            assert (directory / "docker.sock").group() == group
    finally:
        stopped = stop_engine(machine, said.append, account)
    assert stopped
    assert not stop_engine(machine, said.append, account)
    print("\n".join(said))  # noqa: T201 – the test reads it


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh14x", b"lo", IS_UP))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
