"""The output of a long step, kept in the object store while it runs."""

from __future__ import annotations

import threading
import time

from domain.storage import ObjectStore

FLUSH_EVERY = 2.0
HEAD_LIMIT = 1024 * 1024
TAIL_LIMIT = 3 * 1024 * 1024


class StepLog:
    """Lines in, one object out. S3 cannot append, so the whole text is written again when it grew.

    Of an output over 4 MiB the first and the last part are kept, with a line between them that
    says how much is missing. A second attempt of the step starts the object anew.
    """

    def __init__(self, store: ObjectStore, key: str) -> None:
        self._store = store
        self._key = key
        self._head = bytearray()
        self._tail = bytearray()
        self._dropped = 0
        self._dirty = False
        self._flushed = time.monotonic()
        self._lock = threading.Lock()
        self._writing = threading.Lock()

    @property
    def uri(self) -> str:
        """Where the output is kept."""
        return self._store.uri(self._key)

    def write(self, line: str) -> None:
        """Add one line."""
        content = line.encode(errors="replace") + b"\n"
        with self._lock:
            self._dirty = True
            if len(self._head) < HEAD_LIMIT:
                self._head += content
                return
            self._tail += content
            if len(self._tail) > TAIL_LIMIT + HEAD_LIMIT:
                excess = len(self._tail) - TAIL_LIMIT
                del self._tail[:excess]
                self._dropped += excess

    def flush_if_due(self) -> None:
        """Write what came since the last flush, at most every two seconds."""
        if time.monotonic() - self._flushed >= FLUSH_EVERY:
            self.flush()

    def flush(self) -> None:
        """Write what came since the last flush, or since the last one that did not fail.

        One at a time: an older text never lands on a newer one.
        """
        with self._writing:
            with self._lock:
                if not self._dirty:
                    return
                gap = f"\n[… {self._dropped} bytes left out …]\n".encode() if self._dropped else b""
                content = bytes(self._head) + gap + bytes(self._tail)
                self._dirty = False
            self._flushed = time.monotonic()
            try:
                self._store.put(self._key, content, "text/plain; charset=utf-8")
            except BaseException:
                self._dirty = True
                raise
