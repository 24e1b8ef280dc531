"""Follow a release until it ends: live on a terminal, a line per event elsewhere."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from temporalio.service import RPCError

from domain.errors import Unreachable
from domain.pace import pauses
from domain.release import ReleaseResult, StageResult, StageStatus
from starter.output import Output
from starter.pending import current_activities
from starter.releases import Handle, Releases, Seen
from starter.temporal_errors import is_away
from starter.text import stage_line, title

if TYPE_CHECKING:
    from rich.console import Console

#: Seconds between two looks: at first, and at most once it takes its time, for somebody who watches and for a log.
POLL = 0.4
LIVE = 1.0
LOGGED = 2.0

#: Seconds after which a log gets a line of a stage that goes on: without one CI calls a job hung.
SIGN_OF_LIFE = 15

#: Seconds without an answer of Temporal after which following gives up; the release goes on.
PATIENCE = 180.0


async def follow(releases: Releases, handle: Handle, output: Output) -> Seen:
    """Report progress on stderr until the release has ended.

    A Temporal server that is down for a while is waited for.
    :raises Unreachable: it was down for three minutes.
    """
    watched = sys.stderr.isatty() and not output.as_json
    reporter = LiveReporter() if watched else LineReporter(output)
    looks = pauses(POLL, LIVE if watched else LOGGED)
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
            await asyncio.sleep(next(looks))


class LineReporter:
    """For logs: each stage when it begins, every quarter of a minute what it does, and when it ends.

    :param clock: seconds since 1970, as ``time.time``.
    """

    def __init__(self, output: Output, clock: Callable[[], float] = time.time) -> None:
        self._output = output
        self._clock = clock
        self._said: set[str] = set()

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, result: ReleaseResult, activity: str) -> None:
        """Say what was not said yet."""
        for stage in result.stages:
            if stage.status is not StageStatus.RUNNING:
                self._say(f"{stage.name} {stage.status}", stage_line(stage))
                continue
            self._say(stage.name, f"… {stage.name}")
            elapsed = self._clock() - stage.started.timestamp()
            if elapsed >= SIGN_OF_LIFE:
                line = f"… {stage.name} {elapsed:.0f} s: {activity}".removesuffix(": ")
                self._say(f"{stage.name} {elapsed // SIGN_OF_LIFE:.0f}", line)
        if "attempt" in activity:
            self._say(activity, f"  {activity}")

    def silent(self) -> None:
        """Say that nobody answers."""
        self._say(f"silent {self._clock() // SIGN_OF_LIFE:.0f}", "Temporal does not answer; still waiting")

    def _say(self, key: str, text: str) -> None:
        if key not in self._said:
            self._said.add(key)
            self._output.note(text)


class LiveReporter:
    """For a terminal: all stages, the running one with its time and what it does right now.

    :param console: where it is drawn; the terminal of stderr by default.
    :param clock: seconds since 1970, as ``time.time``.
    """

    def __init__(self, console: Console | None = None, clock: Callable[[], float] = time.time) -> None:
        from rich.console import Console
        from rich.live import Live

        self._clock = clock
        self._live = Live(console=console or Console(stderr=True), refresh_per_second=8, transient=True)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, result: ReleaseResult, activity: str) -> None:
        """Draw it anew."""
        from rich.text import Text

        lines = [title(result), *(f"  {self._timed(stage)}" for stage in result.stages)]
        if activity:
            lines.append(f"      {activity}")
        self._live.update(Text("\n".join(lines), no_wrap=True, overflow="ellipsis"))

    def silent(self) -> None:
        """Say that nobody answers."""
        from rich.text import Text

        self._live.update(Text("Temporal does not answer; still waiting"))

    def _timed(self, stage: StageResult) -> str:
        running = stage.status is StageStatus.RUNNING
        return stage_line(stage) + (f" {self._clock() - stage.started.timestamp():.0f} s" if running else "")
