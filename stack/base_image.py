"""The base image of the examples: Python 3 on Debian, pulled – or made, where nothing can be pulled."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from docker import DockerClient

from domain.errors import NotFound
from engines.docker_api import address_of, translated
from stack.account import Account
from stack.engine import Report
from stack.images import Images
from stack.programs import MMDEBSTRAP, installed, not_to_be_had

REPOSITORY = "onward-examples/python"
TAG = "3"
PYTHON_IMAGE = f"{REPOSITORY}:{TAG}"
PULLED = MMDEBSTRAP.image

#: A Debian with nothing but a Python, as like the pulled image as the examples need it.
SUITE = "bookworm"
PACKAGES = "python3-minimal,libpython3-stdlib,bash,dash,coreutils"
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def ensure_base_image(client: DockerClient, images: Images, report: Report) -> None:
    """The engine has ``onward-examples/python:3`` afterwards.

    :raises NotFound: it can neither be pulled nor made; the text says what to install.
    """
    if images.has(PYTHON_IMAGE):
        return
    if images.obtained(PULLED):
        report(f"{PYTHON_IMAGE} is {PULLED}, pulled")
        with translated(address_of(client)):
            client.images.get(PULLED).tag(REPOSITORY, tag=TAG)
        return
    bootstrap = installed(MMDEBSTRAP)
    if bootstrap is None:
        raise not_to_be_had(MMDEBSTRAP, images)
    report(f"{PYTHON_IMAGE} is made with mmdebstrap, as {PULLED} cannot be pulled")
    _make(client, bootstrap)


def _make(client: DockerClient, bootstrap: str) -> None:
    with tempfile.TemporaryDirectory(prefix="onward-base-") as folder:
        archive = Path(folder) / "base.tar"
        # A user's own mmdebstrap needs more packages, and a kernel that allows user namespaces.
        root = Account.current().as_root() or []
        words = [*root, bootstrap, "--quiet", "--variant=extract", f"--include={PACKAGES}", SUITE, str(archive)]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotFound(f"{PYTHON_IMAGE}: mmdebstrap could not make it: {done.stderr.strip()[-500:]}")
        with translated(address_of(client)):
            client.api.import_image(
                str(archive), repository=REPOSITORY, tag=TAG, changes=[f"ENV PATH={SEARCH_PATH}", 'CMD ["python3"]']
            )
