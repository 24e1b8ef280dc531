"""How long ``onward demo`` takes: the first time, with the start of the stack, and the second time on it.

A whole stack on free ports, gone afterwards. No other stack of the engine may have an application ``shop``. What a
machine is set up with, the base image among it, is there already.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.own_stack import ColdCommandLine
from stack.free_ports import on_free_ports


def main() -> None:
    """Print one line per demo."""
    with tempfile.TemporaryDirectory() as directory:
        onward = ColdCommandLine(on_free_ports(Path(directory, "state")).environment())
        try:
            for which in ("first", "second"):
                start = time.perf_counter()
                answer = onward.run("demo")
                assert answer.exit_code == 0, str(answer)
                print(f"{f'the {which} demo':20}{time.perf_counter() - start:>8.1f} s")
        finally:
            onward.run("down", "--purge")


if __name__ == "__main__":
    main()
