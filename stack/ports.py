"""Ports that somebody else has: said before anything is started."""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Iterable
from pathlib import Path

from domain.errors import InvalidInput
from stack.parts import Port


def refuse_taken(owned: Iterable[tuple[str, Port]], own: frozenset[int]) -> None:
    """Let the start go on if every port is free or our own.

    :param owned: each port with the title of its part.
    :param own: the ports that parts of this stack listen on already.
    :raises InvalidInput: naming every taken port, its part, and the setting that moves it.
    """
    taken: dict[tuple[str, str], set[int]] = {}
    for title, port in owned:
        if port.number not in own and _is_taken(port):
            taken.setdefault((title, port.setting), set()).add(port.number)
    if taken:
        lines = [
            f"port {', '.join(map(str, sorted(numbers)))} for {title} is taken: set {setting}"
            for (title, setting), numbers in taken.items()
        ]
        first = min(next(iter(taken.values())))
        raise InvalidInput(
            "\n  ".join(lines),
            expected="free ports; another stack may have them",
            next=f"ss -ltnp 'sport = :{first}' shows who has it",
        )


def remember(ports: Iterable[Port], file: Path) -> None:
    """Note the ports that this stack's parts listen on now."""
    file.write_text(json.dumps(sorted({port.number for port in ports})))


def remembered(file: Path) -> frozenset[int]:
    """What :func:`remember` noted last, or nothing."""
    try:
        return frozenset(json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return frozenset()


def _is_taken(port: Port) -> bool:
    try:
        socket.create_server((port.host, port.number)).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return True
        where = f"{port.host}:{port.number}"
        raise InvalidInput(f"nothing can listen on {where}: {error.strerror}", where=port.setting) from None
    return False
