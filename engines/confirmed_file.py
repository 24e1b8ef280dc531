"""Files that Prometheus reads: whole at any moment, and as they were before until what is new is confirmed."""

from __future__ import annotations

import os
from pathlib import Path

PREVIOUS = ".previous"


class ConfirmedFile:
    """What was there before stays beside a new text until :meth:`confirm`, so that it can come back even after a crash:
    nobody reads it by that name.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._previous = path.with_name(f"{path.name}{PREVIOUS}")

    @property
    def text(self) -> str | None:
        """What is there; ``None`` when nothing is."""
        return _read(self.path)

    @property
    def is_confirmed(self) -> bool:
        """Whether nothing is kept beside it any more."""
        return not self._previous.exists()

    def put(self, text: str, *, keep: bool) -> None:
        """Write; what is there is kept – also that nothing is – if it is known to be right."""
        if keep:
            _write_whole(self._previous, self.text or "")
        _write_whole(self.path, text)

    def confirm(self) -> None:
        """What is there is right: nothing else will be needed again."""
        self._previous.unlink(missing_ok=True)

    def restore(self) -> None:
        """What was there before the last :meth:`put` that kept it; nothing, if nothing was kept."""
        if _read(self._previous):
            self._previous.replace(self.path)
        else:
            self.path.unlink(missing_ok=True)
            self._previous.unlink(missing_ok=True)


def _read(file: Path) -> str | None:
    try:
        return file.read_text()
    except FileNotFoundError:
        return None


def _write_whole(file: Path, text: str) -> None:
    """Whoever reads sees what was there or all of this, even when the machine stops meanwhile."""
    beside = file.with_name(f".{file.name}.new")
    with beside.open("w") as output:
        output.write(text)
        output.flush()
        os.fsync(output.fileno())
    beside.chmod(0o644)
    beside.replace(file)
