"""The stack's process supervisor: supervisord, its configuration, and talking to it."""

from __future__ import annotations

import configparser
import contextlib
import io
import os
import shlex
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from domain.artifact import digest_of
from domain.errors import Unreachable
from settings import inherited_environment
from stack.credentials import write_private
from stack.parts import Part
from stack.places import StateDirectory
from stack.processes import POLL, stop, stop_all

#: Seconds until supervisord must answer after its start, and until all has ended after SIGTERM.
START_PATIENCE = 15.0
STOP_PATIENCE = 40.0

#: A part that stays up for a second counts as started. After that many failed starts in a row,
#: with pauses of 1, 2, 3 … s, it is left alone until the next `onward up`.
START_SECONDS = 1
START_RETRIES = 12

#: The states from which nothing but a new call starts a part.
FALLEN = ("FATAL", "EXITED", "STOPPED")

LOG_BYTES = "10MB"
LOG_BACKUPS = 3


class Supervisor:
    """The supervisord of one stack; it and what it runs are found by the pid and socket in the state directory."""

    def __init__(self, directory: StateDirectory) -> None:
        self._directory = directory
        self._url = f"unix://{directory.supervisor_socket}"

    def is_running(self) -> bool:
        """Whether this stack's supervisord is there and answers."""
        try:
            with self._connected() as call:
                call.getState()
        except (OSError, xmlrpc.client.Error):
            return False
        return True

    def apply(self, parts: Iterable[Part]) -> set[str]:
        """Run exactly these parts: start what is missing, restart what has changed, end what is no more.

        :returns: the names of the parts that this call started.
        """
        write_private(self._directory.supervisor_config, configuration(self._directory, parts))
        if not self.is_running():
            self._start()
            return {part.name for part in parts}
        with self._connected() as call:
            added, changed, removed = call.reloadConfig()[0]
            for name in (*changed, *removed):
                call.stopProcessGroup(name)
                call.removeProcessGroup(name)
            for name in (*changed, *added):
                call.addProcessGroup(name)
            fallen = [info["name"] for info in call.getAllProcessInfo() if info["statename"] in FALLEN]
            for name in fallen:
                with contextlib.suppress(xmlrpc.client.Fault):  # it was started meanwhile
                    call.startProcess(name, False)
        return {*fallen, *changed, *added}

    def processes(self) -> dict[str, Mapping[str, Any]]:
        """What supervisord says of each part: ``statename``, ``pid``, ``spawnerr``, ``start`` …"""
        try:
            with self._connected() as call:
                return {info["name"]: info for info in call.getAllProcessInfo()}
        except (OSError, xmlrpc.client.Error):
            return {}

    def pid(self, name: str) -> int:
        """The process ID of a part; :raises Unreachable: it does not run."""
        info = self.processes().get(name, {})
        if info.get("statename") not in ("STARTING", "RUNNING"):
            raise Unreachable(name, self._url, str(info.get("spawnerr") or info.get("statename") or "not started"))
        return int(info["pid"])

    def has_given_up(self, name: str) -> bool:
        """Whether a part failed so often that it is not started again."""
        return bool(self.processes().get(name, {}).get("statename") == "FATAL")

    def stop(self, first: Collection[str]) -> None:
        """End supervisord and every process it started – also those that outlived a killed supervisord.

        :param first: the parts that must have ended before the others are told to, as they need them.
        """
        if self.is_running():
            processes = self.processes()
            self._stop_together([name for name in processes if name in first])
            self._stop_together([name for name in processes if name not in first])
            with self._connected() as call:
                pid = call.getPID()
            stop(pid, STOP_PATIENCE)
        self.end_orphans()

    def end_orphans(self) -> None:
        """End what an earlier supervisord of this stack left; it marks its children with its socket."""
        if not self.is_running():
            stop_all("SUPERVISOR_SERVER_URL", self._url, STOP_PATIENCE)

    def _start(self) -> None:
        self.end_orphans()
        log = self._directory.log("supervisord")
        words = [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._directory.supervisor_config)]
        done = subprocess.run(
            words, env=inherited_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Unreachable("supervisord", self._url, f"{done.stderr.strip() or done.stdout.strip()} (log: {log})")

    def _stop_together(self, names: Collection[str]) -> None:
        """By itself supervisord stops one after the other."""
        with self._connected() as call:
            for name in names:
                with contextlib.suppress(xmlrpc.client.Fault):  # it does not run
                    call.stopProcess(name, False)
        while any(self.processes().get(name, {}).get("statename") == "STOPPING" for name in names):
            time.sleep(POLL)

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """supervisord's own XML-RPC interface."""
        transport = SupervisorTransport(None, None, self._url)
        try:
            yield xmlrpc.client.ServerProxy("http://localhost", transport=transport).supervisor
        finally:
            transport.close()


def configuration(directory: StateDirectory, parts: Iterable[Part]) -> str:
    """The text of ``supervisord.conf``; it holds keys."""
    socket = str(directory.supervisor_socket)
    sections = {
        "unix_http_server": {"file": _literal(socket), "chmod": "0700"},
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
        "supervisorctl": {"serverurl": _literal(f"unix://{socket}")},
        "supervisord": {
            "pidfile": _literal(str(directory.supervisor_pid)),
            "logfile": _literal(str(directory.log("supervisord"))),
            "childlogdir": _literal(str(directory.logs)),
            "directory": _literal(str(directory.root)),
            "identifier": "onward",
            **({"user": "root"} if os.geteuid() == 0 else {}),
        },
        **{f"program:{part.name}": _program(directory, part) for part in parts},
    }
    parser = configparser.RawConfigParser()
    parser.read_dict(sections)
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _program(directory: StateDirectory, part: Part) -> dict[str, str]:
    # supervisord restarts what its own configuration says differently, so the digest stands in it.
    variables = {**part.environment, "CONFIGURATION_DIGEST": digest_of(part.configuration.encode())}
    return {
        "command": _literal(shlex.join(part.command)),
        "environment": _literal(",".join(f'{name}="{value}"' for name, value in sorted(variables.items()))),
        "autostart": "true",
        "autorestart": "true",
        "startsecs": str(START_SECONDS),
        "startretries": str(START_RETRIES),
        "stopsignal": "TERM",
        "stopwaitsecs": str(part.grace),
        "stopasgroup": "true",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": _literal(str(directory.log(part.name))),
        "stdout_logfile_maxbytes": LOG_BYTES,
        "stdout_logfile_backups": str(LOG_BACKUPS),
    }


def _literal(text: str) -> str:
    """supervisord expands ``%(…)s`` in every value."""
    return text.replace("%", "%%")
