"""What a client is told so that it talks to the local stack without being configured."""

from __future__ import annotations

from collections.abc import Mapping

from settings import StackSettings
from stack.credentials import write_private
from stack.places import StateDirectory
from stack.supervision import Supervisor


def write(directory: StateDirectory, variables: Mapping[str, str]) -> None:
    """Note the variables beside the stack, one ``NAME=value`` a line, also for a shell's ``source``."""
    lines = (f"{name}={value}" for name, value in variables.items() if value)
    write_private(directory.environment, "\n".join(lines) + "\n")


def client_environment(settings: StackSettings) -> dict[str, str]:
    """The variables that reach the stack in the state directory; none when it does not run."""
    directory = StateDirectory(settings)
    if not Supervisor(directory).is_running():
        return {}
    try:
        lines = directory.environment.read_text().splitlines()
    except OSError:
        return {}
    return dict(line.split("=", 1) for line in lines if "=" in line)
