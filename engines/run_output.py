"""What a swarm's task prints, line by line and while it runs, on whichever machine that is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime

from domain.errors import OnwardError
from engines.swarm_api import SwarmServices
from engines.swarm_logs import HEADER
from engines.swarm_tasks import moment

#: Seconds after which an answer that broke off is asked for again.
RECONNECT_AFTER = 0.5

#: Seconds in which the reader, which may be in the middle of an answer, ends.
ENDS_WITHIN = 8.0


class RunOutput:
    """Reads a task's lines from the first one on, in a thread.

    Each line comes with the engine's time of it, by which those that are known already are left out: the engine ends
    its answers in silence, and keeps a last line without an end to itself until it is asked anew.

    :param find: the ID of the task, once there is one.
    :param write: is given each line.
    """

    def __init__(self, services: SwarmServices, find: Callable[[], str | None], write: Callable[[str], None]) -> None:
        self._services = services
        self._find = find
        self._task: str | None = None
        self._write = write
        self._known = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="run-output", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Read what a task that has ended printed last."""
        self._over.set()
        self._thread.join(ENDS_WITHIN)
        self._read(follow=False)

    def _follow(self) -> None:
        while not self._over.is_set():
            self._read(follow=True)
            self._over.wait(RECONNECT_AFTER)

    def _read(self, *, follow: bool) -> None:
        known = self._known
        try:
            self._task = self._task or self._find()
            if self._task is None:
                return
            with self._services.stamped_output(self._task, _second(known), follow=follow) as chunks:
                for line in lines(chunks):
                    stamp, _, text = line.partition(" ")
                    if stamp > known:  # parts of one long line have one time
                        self._known = stamp
                        self._write(text)
                    if follow and self._over.is_set():
                        return
        except OnwardError:  # whoever watches the task is told the same, and decides
            return


def lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """The lines in the engine's frames, of whichever stream; one that is longer than a frame comes in parts."""
    kept = b""
    for chunk in chunks:
        kept += chunk
        while len(kept) >= HEADER.size:
            end = HEADER.size + HEADER.unpack_from(kept)[1]
            if len(kept) < end:
                break
            payload, kept = kept[HEADER.size : end], kept[end:]
            yield payload.decode(errors="replace").rstrip("\r\n")


def _second(stamp: str) -> datetime | None:
    return moment(stamp) if stamp else None
