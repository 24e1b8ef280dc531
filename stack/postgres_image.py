"""The base image of the example's datastore: PostgreSQL 15 on Debian."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from docker import DockerClient

from stack.debian_image import SEARCH_PATH, DebianImage
from stack.engine import Report
from stack.images import Images

#: The user that the pulled image has, too.
PASSWD = b"root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/sh\n"

#: Two thirds of what apt brings along: a compiler for queries, a Perl for Debian's own tools.
NOT_NEEDED = ("libLLVM-", "libz3.so", "/perl", "libperl", "/gconv/", "/bitcode/", "llvmjit", "./etc/passwd")


def _trim(whole: Path, needed: Path) -> None:
    with tarfile.open(whole) as source, tarfile.open(needed, "w") as target:
        for entry in source:
            if not any(part in entry.name for part in NOT_NEEDED):
                target.addfile(entry, source.extractfile(entry) if entry.isfile() else None)
        users = tarfile.TarInfo("./etc/passwd")
        users.size, users.mode = len(PASSWD), 0o644
        target.addfile(users, io.BytesIO(PASSWD))


POSTGRES = DebianImage(
    repository="onward-examples/postgres",
    tag="15",
    pulled="postgres:15",
    packages="postgresql-15,postgresql-client-15,bash,dash,coreutils",
    changes=(f"ENV PATH=/usr/lib/postgresql/15/bin:{SEARCH_PATH}",),
    trimmed=_trim,
)


def ensure_postgres_image(client: DockerClient, images: Images, report: Report) -> None:
    """The engine has ``onward-examples/postgres:15`` afterwards; :raises NotFound: see :class:`DebianImage`."""
    POSTGRES.ensure(client, images, report)
