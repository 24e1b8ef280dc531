"""A git repository to change and commit, and a web server that serves one as plain files."""

from __future__ import annotations

import os
import subprocess
from contextlib import AbstractContextManager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.http_server import serving

#: A commit that no repository has.
NOWHERE = "0" * 39 + "1"

DEFINITION = "application: shop\nrole: cart\n"


class Repository:
    """A repository with the directory ``cart``, to be changed and committed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        self.write("cart/service.yaml", DEFINITION)
        self.write("README", "outside of the service")

    def git(self, *words: str, **variables: str) -> str:
        options = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "protocol.file.allow=always"]
        command = ["git", "-C", str(self.path), *options, *words]
        environment = os.environ | variables
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()

    def write(self, name: str, content: str) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def link(self, name: str, target: str) -> None:
        (self.path / name).symlink_to(target)

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "change")
        return self.git("rev-parse", "HEAD")

    def commit_on(self, *parents: str, subject: str = "change", at: int = 0, branch: str = "") -> str:
        """A commit with these parents, dated ``at`` (Unix time); the branch then ends there."""
        words = [word for parent in parents for word in ("-p", parent)]
        dates = {"GIT_COMMITTER_DATE": f"@{at} +0000", "GIT_AUTHOR_DATE": f"@{at} +0000"} if at else {}
        tree = self.git("write-tree")
        commit = self.git("commit-tree", tree, *words, "-m", subject, **dates)
        self.git("update-ref", f"refs/heads/{branch or 'main'}", commit)
        return commit


class Quiet(SimpleHTTPRequestHandler):
    """Serves files, the dumb protocol of git."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class Locked(Quiet):
    """Lets nobody in."""

    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.send_header("Content-Length", "0")
        self.end_headers()


def web_server(directory: Path, handler: type[Quiet] = Quiet) -> AbstractContextManager[str]:
    """Its address."""
    return serving(ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(directory))))
