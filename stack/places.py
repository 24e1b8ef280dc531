"""Where a stack keeps its things, and what the stacks of one machine share."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from domain.errors import InvalidInput, NotFound
from settings import StackSettings

#: A Unix socket's path has at most 107 bytes on Linux, and supervisord adds a suffix while it binds.
SOCKET_PATH_LIMIT = 90

PRIVATE = 0o700

#: All that a stack and ``onward demo`` write into the state directory.
OWN = ("data", "logs", "keys", "run", "demo", "environment", "lock")


class StateDirectory:
    """The folders and files of one stack; nothing of it lives elsewhere."""

    def __init__(self, settings: StackSettings) -> None:
        self.root = settings.state
        self.data = self.root / "data"
        self.logs = self.root / "logs"
        self.keys = self.root / "keys"
        self.run = self.root / "run"
        self.supervisor_config = self.run / "supervisord.conf"
        self.supervisor_pid = self.run / "supervisord.pid"
        self.supervisor_socket = self.run / "supervisor.sock"
        self.environment = self.root / "environment"
        self.ports = self.run / "ports.json"

    def make(self) -> None:
        """Make what is missing, for this user only.

        :raises InvalidInput: the path is too long for a socket, or has a character that
            supervisord's configuration cannot hold.
        """
        if len(str(self.supervisor_socket).encode()) > SOCKET_PATH_LIMIT or '"' in str(self.root):
            raise InvalidInput(
                f"{self.root} cannot be a state directory",
                where="ONWARD_STATE_DIRECTORY",
                expected=f'a path of at most {SOCKET_PATH_LIMIT - len("/run/supervisor.sock")} bytes without "',
            )
        for folder in (self.root, self.data, self.logs, self.keys, self.run):
            folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)

    def delete(self) -> None:
        """Delete what a stack keeps; what somebody else put into the directory stays, and then so does it."""
        for name in OWN:
            path = self.root / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        if self.root.is_dir() and not any(self.root.iterdir()):
            self.root.rmdir()

    def log(self, part: str) -> Path:
        """The log of one part."""
        return self.logs / f"{part}.log"

    def log_tail(self, part: str, lines: int = 12) -> str:
        """The last lines of a part's log, or nothing."""
        try:
            text = self.log(part).read_text(errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])


class Machine:
    """What all stacks of a machine share: who is there, and the engine that Onward started."""

    def __init__(self, settings: StackSettings) -> None:
        self.root = settings.machine
        self.engine_pid = self.root / "dockerd.pid"
        self.engine_log = self.root / "dockerd.log"
        self.failed_pulls = self.root / "failed-pulls.json"
        self._stacks = self.root / "stacks"

    def make(self) -> None:
        """Make what is missing, for this user only."""
        self._stacks.mkdir(mode=PRIVATE, parents=True, exist_ok=True)

    def remember(self, settings: StackSettings) -> None:
        """Note where the state of a stack is, so that its leftovers can be told from a stack at rest."""
        self.make()
        (self._stacks / settings.name).write_text(str(settings.state))

    def forget(self, name: str) -> None:
        """The stack is no more."""
        (self._stacks / name).unlink(missing_ok=True)

    def state_of(self, name: str) -> Path:
        """Where a stack's state is, or was.

        :raises NotFound: no stack of this name was ever started by this user.
        """
        try:
            return Path((self._stacks / name).read_text())
        except FileNotFoundError:
            raise NotFound(f"stack {name} was not started by this user") from None

    def abandoned(self) -> list[str]:
        """The names of the stacks whose state directory is gone."""
        if not self._stacks.is_dir():
            return []
        return sorted(each.name for each in self._stacks.iterdir() if not self.state_of(each.name).exists())


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One at a time: waits until nobody else works on this folder."""
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def read_json(path: Path) -> dict[str, str]:
    """A flat JSON object, or nothing when it cannot be read."""
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in content.items()} if isinstance(content, dict) else {}
