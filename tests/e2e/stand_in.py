"""Stands for one call of the warm command line: started, signalled, waited for and killed as that would be.

``python -I -S stand_in.py <socket of tests.e2e.warm> <words of onward>``. The call takes its words, environment,
directory and streams from this process; this one hands signals on to it, and ends as it ended.
"""

import os
import signal
import socket
import sys
from contextlib import suppress

HANDED_ON = (signal.SIGINT, signal.SIGTERM)


def main(path: str) -> int:
    """The exit code; what was ended by a signal ends by the same one here."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HANDED_ON)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        answer = connection.makefile()
        call = int(answer.readline())
        for number in HANDED_ON:
            signal.signal(number, lambda number, _: hand_on(call, number))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDED_ON)
        code = int(answer.readline())
    if -code in HANDED_ON:
        signal.signal(-code, signal.SIG_DFL)
    if code < 0:
        os.kill(os.getpid(), -code)
    return code


def hand_on(call: int, number: int) -> None:
    """A call that has ended needs no signal."""
    with suppress(ProcessLookupError):
        os.kill(call, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
