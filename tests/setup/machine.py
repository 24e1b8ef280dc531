"""A machine made of scripts: a search path with what a test wants, where apt-get and sudo note what they are told."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from stack.account import Account

#: What ``install.sh`` and the fakes use of a real system.
SYSTEM = ("sh", "cat", "chmod", "mktemp", "mv", "rm", "true")


@dataclass(frozen=True)
class FakeMachine:
    """``programs`` is the whole search path; each fake appends its words to ``said``."""

    programs: Path
    said: Path
    policy: Path

    def add(self, name: str, script: str) -> Path:
        """A program that notes what it was told, and then runs a shell script."""
        program = self.programs / name
        program.write_text(f'#!/bin/sh\necho "{name} $*" >>{shlex.quote(str(self.said))}\n{script}\n')
        program.chmod(0o755)
        return program

    def add_apt(self) -> None:
        """apt-get; what it installs is a program of the package's name, and promtool with Prometheus."""
        self.add(
            "apt-get",
            f'[ "$1" = install ] || exit 0\n[ "$(cat {self.policy})" ] || exit 1\n'
            'for word in "$@"; do case $word in -*|install) continue ;;\n'
            'prometheus) word="prometheus promtool" ;; esac\n'
            f"for program in $word; do printf '#!/bin/sh\\n' >{self.programs}/$program; "
            f"chmod 755 {self.programs}/$program; done; done",
        )

    def add_sudo(self, allows: bool = True) -> None:
        """sudo without a password, or with one that nobody can give; like it, it keeps no variables."""
        self.add(
            "sudo", f'{"true" if allows else "exit 1"}\n[ "$1" = -n ] && shift\nPOLICY_RC_D={self.policy} exec "$@"'
        )

    def account(self, *, uid: int = 1000, has_terminal: bool = False) -> Account:
        """Somebody who finds these programs only."""
        return Account(uid, "alice", ("alice",), has_terminal, str(self.programs))

    def told(self, name: str) -> list[str]:
        """What one of the programs was told, in order."""
        lines = self.said.read_text().splitlines() if self.said.exists() else []
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]


def new_machine(folder: Path) -> FakeMachine:
    """A machine with a shell and nothing else."""
    made = FakeMachine(folder / "bin", folder / "said", folder / "policy-rc.d")
    made.programs.mkdir()
    for name in SYSTEM:
        found = shutil.which(name)
        assert found, name
        (made.programs / name).symlink_to(found)
    return made
