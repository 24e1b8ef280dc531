"""Base images of examples: pulled – or made of Debian's packages, where nothing can be pulled."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from docker import DockerClient

from domain.errors import NotFound
from engines.docker_api import address_of, translated
from stack.account import Account
from stack.engine import Report
from stack.images import Images
from stack.programs import MMDEBSTRAP, installed, not_to_be_had

SUITE = "bookworm"
#: What nobody reads in a container, below ``/usr/share``.
TEXTS = ("doc", "man", "locale", "i18n")
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class DebianImage:
    """An image under a name of our own.

    ``pulled``: what it is, where it can be pulled. ``packages``: what is enough of it, as like the pulled one as
    the examples need it. ``changes``: instructions of a Dockerfile. ``afterwards``: a command that is run inside of
    what the packages made; Debian's own are not. ``trimmed``: makes one archive of another.
    """

    repository: str
    tag: str
    pulled: str
    packages: str
    changes: Sequence[str]
    afterwards: Sequence[str] = ()
    trimmed: Callable[[Path, Path], None] | None = None

    @property
    def name(self) -> str:
        """``repository:tag``."""
        return f"{self.repository}:{self.tag}"

    def ensure(self, client: DockerClient, images: Images, report: Report) -> None:
        """The engine has it afterwards.

        :raises NotFound: it can neither be pulled nor made; the text says what to install.
        """
        if images.has(self.name):
            return
        if images.obtained(self.pulled):
            report(f"{self.name} is {self.pulled}, pulled")
            with translated(address_of(client)):
                client.images.get(self.pulled).tag(self.repository, tag=self.tag)
            return
        bootstrap = installed(MMDEBSTRAP)
        if bootstrap is None:
            raise not_to_be_had(MMDEBSTRAP, images)
        report(f"{self.name} is made with mmdebstrap, as {self.pulled} cannot be pulled")
        self._make(client, bootstrap)

    def _make(self, client: DockerClient, bootstrap: str) -> None:
        with tempfile.TemporaryDirectory(prefix="onward-base-") as folder:
            archive, needed = Path(folder, "whole.tar"), Path(folder, "needed.tar")
            # A user's own mmdebstrap needs more packages, and a kernel that allows user namespaces.
            root = Account.current().as_root() or []
            words = [
                *root,
                bootstrap,
                "--quiet",
                "--variant=extract",
                f"--include={self.packages}",
                f'--extract-hook=cd "$1/usr/share" && rm -rf {" ".join(TEXTS)}',
                *([f'--extract-hook=chroot "$1" {shlex.join(self.afterwards)}'] if self.afterwards else []),
                SUITE,
                str(archive),
            ]
            done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise NotFound(f"{self.name}: mmdebstrap could not make it: {done.stderr.strip()[-500:]}")
            if self.trimmed is not None:
                self.trimmed(archive, needed)
                archive = needed
            with translated(address_of(client)):
                client.api.import_image(
                    str(archive), repository=self.repository, tag=self.tag, changes=list(self.changes)
                )
