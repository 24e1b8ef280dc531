"""Work in a thread of its own, for as long as a block runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

#: Seconds in which the work ends once the block is over; a thread that hangs does not keep the process.
END_PATIENCE = 1.0


@contextmanager
def beside(name: str, work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Run the work beside the block.

    :param work: is to end soon after the event is set: the block is over.
    """
    over = threading.Event()
    thread = threading.Thread(target=work, args=(over,), name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(END_PATIENCE)
