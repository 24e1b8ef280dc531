"""A command in a container that serves: its output as it comes, within its time, and how it ended.

This is the engine's own ``exec``. Who may have what run is decided by who calls it: a backup's command comes from a
signed manifest, and ``df`` is ours.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence

from docker import DockerClient

from engines.docker_api import address_of, translated
from engines.docker_stream import begin, frames, shut_down
from engines.swarm_api import Json

#: The number of the stream for errors in a frame's header.
STDERR = 2

#: Bytes of what the command says besides that are kept for the reason.
SAID_LIMIT = 2000

#: Seconds in which the engine knows how a command ended whose output has.
END_PATIENCE = 10.0


class ContainerCommand:
    """One run, begun by making this; to be closed.

    :param timeout: seconds from the first look at its output.
    :raises NotFound: the container is not there, or runs no more.
    """

    def __init__(self, client: DockerClient, container: str, words: Sequence[str], timeout: float) -> None:
        self._client = client
        self._timeout = timeout
        self._said = bytearray()
        self._late = threading.Event()
        self._broken = False
        with translated(address_of(client)):
            self._id: str = client.api.exec_create(container, list(words), stdout=True, stderr=True)["Id"]
        self._response = begin(client, f"/exec/{self._id}/start", {"Detach": False, "Tty": False})
        self._timer = threading.Timer(timeout, self._give_up)
        self._timer.daemon = True

    def output(self) -> Iterator[bytes]:
        """What it prints, in pieces of some kilobytes; whether that is all of it says :meth:`fault`."""
        self._timer.start()
        with translated(address_of(self._client)):
            for stream, length, payload in frames(self._response):
                self._broken = len(payload) < length
                if stream == STDERR:
                    self._said = (self._said + payload)[-SAID_LIMIT:]
                elif payload:
                    yield payload

    @property
    def late(self) -> bool:
        """Whether its time was up before its output ended."""
        return self._late.is_set()

    def fault(self) -> str:
        """How it ended, once its output has: ``ended with exit code 2: disk full``; empty when all is well."""
        if self.late:
            return f"did not end in {self._timeout:.0f} s{self._words}"
        code = self._exit_code()
        if code == 0 and not self._broken:
            return ""
        return f"{f'ended with exit code {code}' if code else 'broke off'}{self._words}"

    def close(self) -> None:
        """Hang up: it ends at its next write. A second time does nothing."""
        self._timer.cancel()
        shut_down(self._response)

    def _give_up(self) -> None:
        self._late.set()
        shut_down(self._response)

    def _exit_code(self) -> int | None:
        end = time.monotonic() + END_PATIENCE
        while True:
            with translated(address_of(self._client)):
                inspected: Json = self._client.api.exec_inspect(self._id)
            if not inspected["Running"]:
                return inspected["ExitCode"]  # type: ignore[no-any-return]
            if time.monotonic() > end:
                return None
            time.sleep(0.1)

    @property
    def _words(self) -> str:
        said = bytes(self._said).decode(errors="replace").strip()
        return f": {said}" if said else ", and said nothing"
