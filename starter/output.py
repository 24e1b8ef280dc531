"""What a command says, and the exit code that goes with it.

With ``--json`` there is one JSON document on stdout, also after an error; all else is on stderr.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from pydantic import BaseModel

from domain.errors import InvalidInput, NotFound, OnwardError, Refused, ResourceRefused, Superseded, Unreachable
from domain.release import ReleaseResult, ReleaseStatus


class ExitCode(IntEnum):
    """What a script reads."""

    DONE = 0
    FAILED = 1
    INVALID = 2
    UNREACHABLE = 3
    REFUSED = 4
    DETACHED = 130


def exit_code_of(error: OnwardError) -> ExitCode:
    """The exit code of an error, by its type."""
    if isinstance(error, InvalidInput | NotFound):
        return ExitCode.INVALID
    if isinstance(error, Unreachable):
        return ExitCode.UNREACHABLE
    return ExitCode.REFUSED if isinstance(error, Refused) and not isinstance(error, Superseded) else ExitCode.FAILED


def exit_code_of_release(result: ReleaseResult) -> ExitCode:
    """Verified and superseded releases ended well; a refused one was wrong input, or wanted what is another's."""
    if result.status in (ReleaseStatus.VERIFIED, ReleaseStatus.SUPERSEDED, ReleaseStatus.RUNNING):
        return ExitCode.DONE
    if result.status is not ReleaseStatus.REFUSED:
        return ExitCode.FAILED
    not_allowed = result.failure is not None and result.failure.kind == ResourceRefused.__name__
    return ExitCode.REFUSED if not_allowed else ExitCode.INVALID


#: Columns of a table that nobody looks at: an ID in two lines is found by no ``grep``.
UNBROKEN = 10_000


class Output:
    """Where a command speaks."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def note(self, text: str) -> None:
        """Something by the way, for a person: on stderr."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201 – this is the place that prints

    def text(self, text: str) -> None:
        """The answer as text; with ``--json`` the document is the answer."""
        if not self.as_json:
            print(text, flush=True)  # noqa: T201

    def document(self, value: BaseModel | Sequence[BaseModel] | dict[str, Any] | list[Any]) -> None:
        """The answer as the one JSON document; only with ``--json``."""
        if self.as_json:
            print(json.dumps(_plain(value), indent=2, ensure_ascii=False), flush=True)  # noqa: T201

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]], empty: str) -> None:
        """The answer as a table; ``empty`` is said when there is no row."""
        if self.as_json:
            return
        if not rows:
            self.text(empty)
            return
        from rich.console import Console
        from rich.table import Table

        table = Table(*headings, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*("" if cell is None else str(cell) for cell in row))
        console = Console(soft_wrap=not sys.stdout.isatty(), width=None if sys.stdout.isatty() else UNBROKEN)
        console.print(table)

    def error(self, error: OnwardError) -> ExitCode:
        """Say what went wrong, and give the exit code."""
        self.failure(type(error).__name__, str(error))
        self.note(f"onward: {error}")
        return exit_code_of(error)

    def failure(self, kind: str, message: str) -> None:
        """The document of an error."""
        self.document({"error": {"kind": kind, "message": message}})


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
