"""The base image of the examples: Python 3 on Debian."""

from __future__ import annotations

from docker import DockerClient

from stack.debian_image import SEARCH_PATH, DebianImage
from stack.engine import Report
from stack.images import Images
from stack.programs import MMDEBSTRAP

PYTHON = DebianImage(
    repository="onward-examples/python",
    tag="3",
    pulled=MMDEBSTRAP.image,
    packages="python3-minimal,libpython3-stdlib,bash,dash,coreutils",
    changes=(f"ENV PATH={SEARCH_PATH}", 'CMD ["python3"]'),
    # As in the pulled image: without it each container compiles what it imports of the library, nearly a second.
    afterwards=("python3", "-m", "compileall", "-q", "-j", "0", "/usr/lib/python3.11"),
)
PYTHON_IMAGE = PYTHON.name


def ensure_base_image(client: DockerClient, images: Images, report: Report) -> None:
    """The engine has ``onward-examples/python:3`` afterwards; :raises NotFound: see :class:`DebianImage`."""
    PYTHON.ensure(client, images, report)
