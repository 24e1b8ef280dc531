"""The Docker Engine of the local stack: used when it answers, started when none does."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from docker import DockerClient

from domain.errors import InvalidInput, Refused, Unreachable
from engines.docker_api import SERVER, connect, translated
from stack.account import DOCKER_GROUP, Account
from stack.places import Machine, locked
from stack.processes import stop
from stack.programs import DOCKERD, installed

#: Seconds in which a new engine must answer; the first start makes its storage.
PATIENCE = 60.0
STOP_PATIENCE = 30.0

#: Seconds after which dockerd has its pid file, or has given up.
PIDFILE_PATIENCE = 3.0

#: How much garbage an engine that is started here lets lie, in percent of what it needs; by itself it is 100. It starts
#: itself anew some times for each container and network, only to collect that of the start: a release takes a
#: fourteenth less of two cores with this, and the engine some hundred megabytes more.
GARBAGE = 400

SYSTEMD = Path("/run/systemd/system")

Report = Callable[[str], None]


def ensure_engine(
    host: str, machine: Machine, report: Report, options: Sequence[str] = (), account: Account | None = None
) -> DockerClient:
    """A client of the engine at ``host``; a machine without one gets one, if we are root or sudo lets us.

    An engine that Onward starts belongs to no session, so that it outlives the command; its pid
    is kept in the machine directory, so that :func:`stop_engine` stops that one and no other. Its
    socket belongs to the group of the user who starts it, so that nobody must join one.

    :param options: further words for ``dockerd``.
    :raises Unreachable: none answers and none can be started; the text says what to do.
    """
    try:
        return connect(host)
    except Unreachable as error:
        account = account or Account.current()
        if is_closed(host):
            raise Unreachable(SERVER, host, f"its socket is not open to you\n  next: {open_to(account)}") from error
        machine.make()
        with locked(machine.root):
            return _started(host, machine, report, options, account, error)


def _started(
    host: str, machine: Machine, report: Report, options: Sequence[str], account: Account, reason: Unreachable
) -> DockerClient:
    try:
        return connect(host)  # somebody else was faster
    except Unreachable:
        pass
    if not host.startswith("unix://"):
        raise Unreachable(SERVER, host, "only an engine of this machine can be started from here") from reason
    if not account.may_use_engines and account.own_group is None:
        raise Unreachable(SERVER, host, f"its socket would not be open to you\n  next: {open_to(account)}") from reason
    root = account.as_root()
    if root is None:
        raise Unreachable(
            SERVER, host, "none answers, and only root can start one\n  next: sudo systemctl start docker"
        ) from reason
    if SYSTEMD.exists() and not options and account.may_use_engines:
        report("starting the Docker Engine with systemd")
        subprocess.run([*root, "systemctl", "start", "docker"], check=False, capture_output=True)
        return _answering(host, machine)
    dockerd = installed(DOCKERD, account.path)
    if dockerd is None:
        raise Unreachable(SERVER, host, "dockerd is not installed\n  next: make setup") from reason
    group = [] if account.may_use_engines else ["--group", str(account.own_group)]
    report(f"starting the Docker Engine; its log is {machine.engine_log}")
    # Forked away, so that it belongs to no session and is nobody's child.
    forked = ["setsid", "--fork", "env", f"GOGC={os.environ.get('GOGC', GARBAGE)}"]
    words = [*forked, dockerd, "--host", host, "--pidfile", str(machine.engine_pid), *group, *options]
    with machine.engine_log.open("ab") as log:
        subprocess.run([*root, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", check=False)
    return _answering(host, machine)


def is_closed(host: str) -> bool:
    """Whether an engine has a socket that this user may not use."""
    socket = Path(host.removeprefix("unix://"))
    return host.startswith("unix://") and socket.is_socket() and not os.access(socket, os.W_OK, effective_ids=True)


def open_to(account: Account) -> str:
    """What opens the socket of the system's engine to a user, for good."""
    return f"sudo usermod -aG {DOCKER_GROUP} {account.name}, then log in anew"


def _answering(host: str, machine: Machine) -> DockerClient:
    start = time.monotonic()
    while True:
        try:
            return connect(host)
        except Unreachable as error:
            waited = time.monotonic() - start
            has_ended = waited > PIDFILE_PATIENCE and not machine.engine_pid.exists()
            if waited > PATIENCE or (has_ended and not SYSTEMD.exists()):
                raise Unreachable(SERVER, host, "\n  ".join(["it did not start", *_last_words(machine)])) from error
        time.sleep(0.1)


def _last_words(machine: Machine) -> list[str]:
    try:
        return machine.engine_log.read_text(errors="replace").splitlines()[-5:]
    except OSError:
        return []


def ensure_swarm(client: DockerClient, report: Report) -> None:
    """The engine is a manager of a swarm; a swarm that is there stays as it is.

    A new one listens on loopback only.

    :raises InvalidInput: the engine is in a swarm that cannot be used from here.
    """
    swarm: dict[str, Any] = client.info()["Swarm"]
    state = swarm["LocalNodeState"]
    if state == "inactive":
        report("making the Docker Engine a swarm of one")
        with translated("swarm"):
            client.swarm.init(advertise_addr="127.0.0.1", listen_addr="127.0.0.1:2377")
    elif state != "active" or not swarm["ControlAvailable"]:
        raise InvalidInput(
            f"the engine's swarm is {state}{'' if swarm['ControlAvailable'] else ', and it is no manager'}",
            where=SERVER,
            expected="a manager of an active swarm, or no swarm",
            next="docker node ls",
        )


def stop_engine(machine: Machine, report: Report, account: Account | None = None) -> bool:
    """Stop the engine that Onward started, by its pid; whether there was one.

    :raises Refused: it is root's, and this user is not allowed to be.
    """
    try:
        pid = int(machine.engine_pid.read_text())
        ours = Path(f"/proc/{pid}/comm").read_text().strip() == "dockerd"
    except (OSError, ValueError):
        return False
    if ours:
        root = (account or Account.current()).as_root()
        if root is None:
            raise Refused(f"only root can stop the Docker Engine\n  next: sudo kill {pid}")
        report("stopping the Docker Engine that Onward started")
        stop(pid, STOP_PATIENCE, root)
    return ours


def bridge_gateway(client: DockerClient) -> str:
    """The address at which containers and the machine itself reach what this machine serves.

    :raises InvalidInput: the engine has no default bridge.
    """
    with translated(SERVER):
        networks = [each for each in client.api.networks(names=["bridge"]) if each["Name"] == "bridge"]
    for network in networks:
        for pool in network["IPAM"]["Config"] or []:
            return str(pool.get("Gateway") or _first_host(pool["Subnet"]))
    raise InvalidInput(
        "the engine has no default bridge network", where=SERVER, expected="dockerd without --bridge=none"
    )


def _first_host(subnet: str) -> str:
    return str(next(ipaddress.ip_network(subnet).hosts()))
