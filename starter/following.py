"""Follow a release until it ends: live on a terminal, a line per event elsewhere."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING

from temporalio.service import RPCError

from domain.errors import Unreachable
from domain.release import ReleaseResult, StageStatus
from starter.output import Output
from starter.pending import current_activities
from starter.releases import Handle, Releases, Seen
from starter.temporal_errors import is_away
from starter.text import stage_line, title

if TYPE_CHECKING:
    from rich.live import Live

POLL = 0.4

#: Seconds without an answer of Temporal after which following gives up; the release goes on.
PATIENCE = 180.0


async def follow(releases: Releases, handle: Handle, output: Output) -> Seen:
    """Report progress on stderr until the release has ended.

    A Temporal server that is down for a while is waited for.
    :raises Unreachable: it was down for three minutes.
    """
    reporter = _Live() if sys.stderr.isatty() and not output.as_json else _Lines(output)
    silent_since = 0.0
    with reporter:
        while True:
            try:
                seen = await releases.see(handle)
                activity = "" if seen.final else await current_activities(handle)
                silent_since = 0.0
            except RPCError as error:
                if not is_away(error):
                    raise
                silent_since = silent_since or time.monotonic()
                if time.monotonic() - silent_since > PATIENCE:
                    raise Unreachable("Temporal", releases.address, error.message) from None
                reporter.silent()
                await asyncio.sleep(1)
                continue
            reporter.show(seen.result, activity)
            if seen.final:
                return seen
            await asyncio.sleep(POLL)


class _Lines:
    """For logs: each stage once when it begins and once when it ends."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._said: set[str] = set()

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, result: ReleaseResult, activity: str) -> None:
        for stage in result.stages:
            if stage.status is not StageStatus.RUNNING:
                self._say(f"{stage.name} {stage.status}", stage_line(stage))
            else:
                self._say(stage.name, f"… {stage.name}")
        if "attempt" in activity:
            self._say(activity, f"  {activity}")

    def silent(self) -> None:
        self._say(f"silent {int(time.monotonic() // 15)}", "Temporal does not answer; still waiting")

    def _say(self, key: str, text: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self._output.note(text)


class _Live:
    """For a terminal: all stages, the running one with its time and what it does right now."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._live: Live = Live(console=Console(stderr=True), refresh_per_second=8, transient=True)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, result: ReleaseResult, activity: str) -> None:
        from rich.text import Text

        lines = [
            title(result),
            *(f"  {_timed(stage_line(stage), stage.started.timestamp(), stage.status)}" for stage in result.stages),
        ]
        if activity:
            lines.append(f"      {activity}")
        self._live.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"))

    def silent(self) -> None:
        from rich.text import Text

        self._live.update(Text("Temporal does not answer; still waiting"))


def _timed(line: str, started: float, status: StageStatus) -> str:
    return f"{line} {time.time() - started:.0f} s" if status is StageStatus.RUNNING else line
