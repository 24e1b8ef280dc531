"""``python -m stack.postgres_image``: the base image of ``examples/till``'s datastore, pulled – or made from Debian.

It is not part of ``make setup``: only who releases that example needs it.
"""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from docker import DockerClient

from domain.errors import NotFound
from engines.docker_api import address_of, connect, translated
from settings import StackSettings
from stack.account import Account
from stack.base_image import SEARCH_PATH, SUITE
from stack.engine import Report
from stack.images import Images
from stack.places import Machine
from stack.programs import MMDEBSTRAP, installed, not_to_be_had

REPOSITORY = "onward-examples/postgres"
TAG = "15"
POSTGRES_IMAGE = f"{REPOSITORY}:{TAG}"
PULLED = "postgres:15"
PACKAGES = "postgresql-15,postgresql-client-15,bash,dash,coreutils"

#: The user that the pulled image has, too.
PASSWD = b"root:x:0:0:root:/root:/bin/sh\npostgres:x:999:999:PostgreSQL:/var/lib/postgresql:/bin/sh\n"

#: Two thirds of what apt brings along: a compiler for queries, a Perl for Debian's own tools, texts.
NOT_NEEDED = (
    "libLLVM-", "libz3.so", "/perl", "libperl", "/gconv/", "/share/doc/", "/share/man/", "/share/i18n/",
    "/share/locale/", "/bitcode/", "llvmjit", "./etc/passwd",
)  # fmt: skip


def ensure_postgres_image(client: DockerClient, images: Images, report: Report) -> None:
    """The engine has ``onward-examples/postgres:15`` afterwards.

    :raises NotFound: it can neither be pulled nor made; the text says what to install.
    """
    if images.has(POSTGRES_IMAGE):
        return
    if images.obtained(PULLED):
        report(f"{POSTGRES_IMAGE} is {PULLED}, pulled")
        with translated(address_of(client)):
            client.images.get(PULLED).tag(REPOSITORY, tag=TAG)
        return
    bootstrap = installed(MMDEBSTRAP)
    if bootstrap is None:
        raise not_to_be_had(MMDEBSTRAP, images)
    report(f"{POSTGRES_IMAGE} is made with mmdebstrap, as {PULLED} cannot be pulled")
    with tempfile.TemporaryDirectory(prefix="onward-postgres-") as folder:
        whole, needed = Path(folder, "whole.tar"), Path(folder, "needed.tar")
        root = Account.current().as_root() or []
        words = [*root, bootstrap, "--quiet", "--variant=extract", f"--include={PACKAGES}", SUITE, str(whole)]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotFound(f"{POSTGRES_IMAGE}: mmdebstrap could not make it: {done.stderr.strip()[-500:]}")
        _trim(whole, needed)
        path = f"ENV PATH=/usr/lib/postgresql/15/bin:{SEARCH_PATH}"
        with translated(address_of(client)):
            client.api.import_image(str(needed), repository=REPOSITORY, tag=TAG, changes=[path])


def _trim(whole: Path, needed: Path) -> None:
    with tarfile.open(whole) as source, tarfile.open(needed, "w") as target:
        for entry in source:
            if not any(part in entry.name for part in NOT_NEEDED):
                target.addfile(entry, source.extractfile(entry) if entry.isfile() else None)
        users = tarfile.TarInfo("./etc/passwd")
        users.size, users.mode = len(PASSWD), 0o644
        target.addfile(users, io.BytesIO(PASSWD))


def main() -> None:
    """Make sure of it, and say how."""
    settings = StackSettings()
    with closing(connect(settings.docker_host)) as client:
        ensure_postgres_image(client, Images(client, Machine(settings)), print)


if __name__ == "__main__":
    main()
