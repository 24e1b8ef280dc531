"""When a process has ended, and how it is ended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from stack.processes import is_alive, stop
from tests.engines.conftest import wait_for

THREAD_OUTLIVES_THE_FIRST = """\
import ctypes, threading, time
threading.Thread(target=time.sleep, args=(600,)).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_is_alive_until_its_last_thread_has_ended() -> None:
    """It holds its ports as long, and looks like one that waits to be reaped."""
    with subprocess.Popen([sys.executable, "-c", THREAD_OUTLIVES_THE_FIRST]) as process:
        stat = Path(f"/proc/{process.pid}/stat")
        try:
            wait_for(lambda: stat.read_text().rpartition(")")[2].split()[0] == "Z")
            assert is_alive(process.pid)
            stop(process.pid, 10)
            assert not is_alive(process.pid)
        finally:
            process.kill()
