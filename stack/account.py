"""Who runs this: how a command becomes root's, and whose group may use an engine's socket."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass

#: The group that owns the socket of an engine which nobody told otherwise.
DOCKER_GROUP = "docker"


@dataclass(frozen=True)
class Account:
    """A user of this machine. ``groups``: names, the user's own first; ``path``: where to look for
    programs, if not on the process's own path; ``has_terminal``: a password can be asked for."""

    uid: int
    name: str
    groups: tuple[str, ...]
    has_terminal: bool
    path: str | None = None

    @classmethod
    def current(cls) -> Account:
        """The user of this process."""
        uid = os.geteuid()
        names = []
        for gid in (os.getegid(), *os.getgroups()):
            with contextlib.suppress(KeyError):  # a container may know numbers only
                names.append(grp.getgrgid(gid).gr_name)
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = str(uid)
        return cls(uid, name, tuple(names), sys.stdin is not None and sys.stdin.isatty())

    @property
    def is_root(self) -> bool:
        """Whether everything is allowed."""
        return self.uid == 0

    def as_root(self) -> list[str] | None:
        """The words that make a command root's; ``None`` when sudo is not there or says no.

        On a terminal sudo asks for the password; elsewhere nobody could give one.
        """
        if self.is_root:
            return []
        sudo = shutil.which("sudo", path=self.path)
        if sudo is None:
            return None
        words = [sudo] if self.has_terminal else [sudo, "-n"]
        asked = subprocess.run([*words, "true"], capture_output=not self.has_terminal, check=False)
        return words if asked.returncode == 0 else None

    def shown_as_root(self, command: str) -> str:
        """A command of root's as this user types it."""
        return command if self.is_root else f"sudo {command}"

    @property
    def may_use_engines(self) -> bool:
        """Whether the socket of an engine that the system started is open to this user."""
        return self.is_root or DOCKER_GROUP in self.groups

    @property
    def own_group(self) -> str | None:
        """The group that has nobody but this user in it, as Debian gives one to everybody."""
        return self.name if self.groups[:1] == (self.name,) else None
