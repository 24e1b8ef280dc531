"""An iterator of bytes as the file that an upload reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from domain.storage import Streamed


class Chunks:
    """Reads an iterator once, from its beginning to its end, and knows what it has read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = bytearray()
        self._size = 0
        self._digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes; fewer only at the end."""
        while size < 0 or len(self._rest) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._rest += chunk
        taken = bytes(self._rest if size < 0 else self._rest[:size])
        del self._rest[: len(taken)]
        self._size += len(taken)
        self._digest.update(taken)
        return taken

    @property
    def streamed(self) -> Streamed:
        """What was read so far."""
        return Streamed(size=self._size, digest=f"sha256:{self._digest.hexdigest()}")
