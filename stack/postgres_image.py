"""``python -m stack.postgres_image``: the base image of ``examples/till``'s datastore.

It is not part of ``make setup``: only who releases that example needs it.
"""

from __future__ import annotations

import io
import tarfile
from contextlib import closing
from pathlib import Path

from docker import DockerClient

from engines.docker_api import connect
from settings import StackSettings
from stack.debian_image import SEARCH_PATH, DebianImage
from stack.engine import Report
from stack.images import Images
from stack.places import Machine

#: The user that the pulled image has, too.
PASSWD = b"root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/sh\n"

#: Two thirds of what apt brings along: a compiler for queries, a Perl for Debian's own tools, texts.
NOT_NEEDED = (
    "libLLVM-", "libz3.so", "/perl", "libperl", "/gconv/", "/share/doc/", "/share/man/", "/share/i18n/",
    "/share/locale/", "/bitcode/", "llvmjit", "./etc/passwd",
)  # fmt: skip


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


def main() -> None:
    """Make sure of it, and say how."""
    settings = StackSettings()
    with closing(connect(settings.docker_host)) as client:
        ensure_postgres_image(client, Images(client, Machine(settings)), print)


if __name__ == "__main__":
    main()
