"""Memory of a process, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path


def resident(pid: int | str = "self") -> float:
    """MiB of a process that are in memory now."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"/proc tells no VmRSS of {pid}")
