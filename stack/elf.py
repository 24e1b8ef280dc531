"""Whether a program brings all of itself: then it runs in an image that has nothing else."""

from __future__ import annotations

import struct
from pathlib import Path

MAGIC, CLASS_64, LITTLE_ENDIAN = b"\x7fELF", 2, 1

#: The kind of a program header that names a dynamic loader (ELF-64, System V ABI, "Program Header").
PT_INTERP = 3


def is_static(path: Path) -> bool:
    """Whether a 64-bit little-endian ELF file asks for no dynamic loader; ``False`` for anything else."""
    try:
        content = path.read_bytes()
        if content[:6] != MAGIC + bytes((CLASS_64, LITTLE_ENDIAN)):
            return False
        (offset,) = struct.unpack_from("<Q", content, 0x20)
        size, count = struct.unpack_from("<HH", content, 0x36)
        kinds = [struct.unpack_from("<I", content, offset + size * index)[0] for index in range(count)]
    except (OSError, struct.error):
        return False
    return PT_INTERP not in kinds
