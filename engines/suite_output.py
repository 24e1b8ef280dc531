"""What a suite prints, read while it runs and bounded."""

from __future__ import annotations

import threading
from collections.abc import Iterator

HEAD_LIMIT = 256 * 1024
TAIL_LIMIT = 768 * 1024
LAST_LINE_LIMIT = 4096

#: Seconds in which the last output arrives after the container has ended.
REST_WITHIN = 10


class SuiteOutput:
    """Both streams of a container in their order; of more than 1 MiB the first and the last part.

    :param stream: the container's output; it ends with the container.
    """

    def __init__(self, stream: Iterator[bytes]) -> None:
        self._stream = stream
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0
        self._size = 0
        self._lock = threading.Lock()
        self._reader = threading.Thread(target=self._read, name="suite-output", daemon=True)
        self._reader.start()

    @property
    def size(self) -> int:
        """How much it has printed so far, in bytes."""
        with self._lock:
            return self._size

    @property
    def last_line(self) -> str:
        """The last line so far that says something."""
        with self._lock:
            end = bytes((self._tail or self._head)[-LAST_LINE_LIMIT:])
        lines = end.decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")

    @property
    def text(self) -> str:
        """All of it, or both ends with a line between them that says how much is missing."""
        with self._lock:
            gap = f"\n[… {self._dropped} bytes left out …]\n".encode() if self._dropped else b""
            return (bytes(self._head) + gap + bytes(self._tail)).decode(errors="replace")

    def finish(self) -> None:
        """Wait for what a container that has ended printed last."""
        self._reader.join(REST_WITHIN)

    def _read(self) -> None:
        for chunk in self._stream:
            with self._lock:
                self._size += len(chunk)
                room = HEAD_LIMIT - len(self._head)
                self._head += chunk[:room]
                self._tail += chunk[room:]
                # Cut seldom: each cut moves what is kept.
                if len(self._tail) > 2 * TAIL_LIMIT:
                    self._cut()
        with self._lock:
            self._cut()

    def _cut(self) -> None:
        excess = max(len(self._tail) - TAIL_LIMIT, 0)
        del self._tail[:excess]
        self._dropped += excess
