"""How often to look at something that takes its time."""

from __future__ import annotations

from collections.abc import Iterator


def pauses(first: float, longest: float = 1.0) -> Iterator[float]:
    """Seconds to wait before each further look: a tenth of what was waited already, within these bounds.

    So the end of something long is seen a tenth too late at most, and who waits for many things at once does not
    keep the machine from doing them.
    """
    waited = 0.0
    while True:
        pause = min(max(first, waited / 10), longest)
        waited += pause
        yield pause
