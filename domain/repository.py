"""How a git repository is named, and when two names mean the same one."""

from __future__ import annotations

import posixpath
import re
from urllib.parse import unquote

from domain.errors import InvalidInput

#: A colon before any slash, and no ``//`` behind it: ``git@git.test:shop.git``.
_SCP_LIKE = re.compile(r"(?P<host>(?:[^@/:]+@)?(?:\[[^\]/]+\]|[^/:\[\]]+)):(?!//)(?P<path>.*)", re.DOTALL)

_DEFAULT_PORTS = {"ssh": ":22", "http": ":80", "https": ":443", "git": ":9418"}


def checked_repository(text: str) -> str:
    """A repository that holds no credential; it is kept with the release, in manifests and in evidence.

    :raises InvalidInput: it holds one, or it is empty, as a variable of CI that is not set.
    """
    if not text.strip():
        raise InvalidInput("it is empty", where="--repo", expected="URL or path of the git repository")
    scheme, _, rest = text.partition("://")
    user, is_there, _ = rest.partition("/")[0].rpartition("@")
    if is_there and not (scheme == "ssh" and user and ":" not in user):  # of ssh the name alone opens nothing
        raise InvalidInput(
            "the URL holds a credential, which would be kept with the release",
            where="--repo",
            expected="a URL without user and password; git's credential helper or ssh has them",
        )
    return text


def same_for_all_spellings(repository: str) -> str:
    """``git.test/shop`` for each way to reach it, and ``/srv/shop`` for a path and its ``file:`` URL.

    Scheme, user, the scheme's own port, the case of the host, ``.git`` and slashes at the end make no
    difference. A path is taken from the server's root: ``git.test:shop`` is ``ssh://git.test/shop``,
    as on every forge. What only a server or a machine knows stays apart: another port, the case of a
    path, an alias of a host (``~/.ssh/config``, ``insteadOf``), a redirect, a mirror, a link on a disk.
    """
    scheme, is_url, rest = repository.partition("://")
    if is_url:
        host, _, path = rest.partition("/")
        path = unquote(f"/{path}")
    elif scp_like := _SCP_LIKE.fullmatch(repository):
        scheme, host, path = "ssh", scp_like["host"], f"/{scp_like['path']}"
    else:
        scheme, host, path = "file", "", repository
    host = host.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORTS.get(scheme.lower(), ""))
    normal = posixpath.normpath(re.sub(r"^/+", "/", path))
    return (host if scheme.lower() != "file" else "") + normal.removesuffix(".git").rstrip("/")
