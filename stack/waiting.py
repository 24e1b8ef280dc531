"""Wait for a part, for a bounded time."""

from __future__ import annotations

import time
from collections.abc import Callable

from domain.errors import OnwardError, Unreachable
from stack.parts import Probe

PAUSE = 0.1


def until_it_answers(
    title: str,
    address: str,
    probe: Probe,
    patience: float,
    *,
    given_up: Callable[[], bool] = lambda: False,
    log_tail: Callable[[], str] = str,
) -> None:
    """Ask again and again.

    :param patience: seconds.
    :param given_up: whether waiting longer is pointless.
    :raises Unreachable: it did not answer in time; the text ends with the part's own last words.
    """
    end = time.monotonic() + patience
    while True:
        try:
            return probe()
        except OnwardError as error:
            if given_up() or time.monotonic() > end:
                waited = "it gave up" if given_up() else f"not within {patience:.0f} s"
                raise Unreachable(
                    title, address, "\n  ".join([waited, str(error), *log_tail().splitlines()])
                ) from error
        time.sleep(PAUSE)
