"""The git command: without prompts and hooks, with errors to act on. Credentials are the caller's own."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import IO

from domain.errors import InvalidInput, Unreachable

TIMEOUT = 240

#: What a server's absence looks like; everything else that fails is about the repository itself.
NO_ANSWER = re.compile(
    r"could not resolve|couldn't resolve|failed to connect|couldn't connect|connection (refused|timed out|reset|closed)"
    r"|operation timed out|network is unreachable|no route to host|early eof|HTTP 5\d\d|error: 5\d\d",
    re.IGNORECASE,
)
NO_COMMIT = re.compile(r"not our ref|no such remote ref|couldn't find remote ref|unadvertised object", re.IGNORECASE)

ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=10",
    "LC_ALL": "C",
}
#: ``safe.directory``: a repository of another user is only read, by a git that runs nothing of it.
OPTIONS = (
    *("-c", "protocol.ext.allow=never"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "safe.directory=*"),
    *("-c", "gc.auto=0"),
    *("-c", "advice.detachedHead=false"),
)


class Git:
    """Git in one bare folder, with one remote."""

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory
        self._url = url
        self.remote = re.sub(r"//[^/@]*@", "//", url)

    def fetch(self, commit: str, *, filtered: bool) -> None:
        """Fetch one commit without its history; with ``filtered`` its files come when they are read.

        :raises InvalidInput: the repository cannot be read, or does not have the commit.
        :raises Unreachable: its server does not answer.
        """
        options = ["--quiet", "--no-tags", "--depth=1", *(["--filter=blob:limit=1m"] if filtered else [])]
        done = self._run("fetch", *options, "--", self._url, commit)
        if done.returncode == 0:
            return
        text = done.stderr.decode(errors="replace")
        if NO_COMMIT.search(text):
            self._fetch_all(commit)
            return
        self._refuse(text)

    def output(self, *words: str, missing: InvalidInput | None = None) -> str:
        """What git prints; ``missing`` is raised when it fails."""
        return self.content(*words, missing=missing).decode(errors="replace")

    def content(self, *words: str, missing: InvalidInput | None = None) -> bytes:
        """What git prints, as it is."""
        done = self._run(*words)
        if done.returncode != 0:
            raise missing or self._failed(done.stderr)
        return done.stdout

    def write(self, file: IO[bytes], *words: str) -> None:
        """Let git print into a file."""
        done = self._run(*words, stdout=file)
        if done.returncode != 0:
            raise self._failed(done.stderr)

    def _fetch_all(self, commit: str) -> None:
        """For servers that give no commit by its name: all branches, then look whether it is there."""
        done = self._run("fetch", "--quiet", "--no-tags", "--", self._url, "+refs/*:refs/remotes/origin/*")
        if done.returncode != 0:
            self._refuse(done.stderr.decode(errors="replace"))
        if self._run("cat-file", "-e", f"{commit}^{{commit}}").returncode != 0:
            raise InvalidInput(
                f"there is no commit {commit}",
                where=self.remote,
                expected="a commit that was pushed",
                next="git push, then release again",
            )

    def _refuse(self, text: str) -> None:
        reason = self._hidden(text)
        if NO_ANSWER.search(text):
            raise Unreachable("git", self.remote, reason)
        raise InvalidInput(
            f"the repository cannot be read: {reason}",
            where=self.remote,
            expected="a git repository that this machine may read",
            next=f"git ls-remote {self.remote}",
        )

    def _failed(self, stderr: bytes) -> InvalidInput:
        return InvalidInput(self._hidden(stderr.decode(errors="replace")), where=self.remote)

    def _hidden(self, text: str) -> str:
        """Git's own reason in one line, without credentials and without its ``fatal:``."""
        lines = [line.strip() for line in text.replace(self._url, self.remote).splitlines() if line.strip()]
        fatal = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines or ["git failed"]
        return re.sub(r"//[^/@\s]*@", "//", fatal[0].removeprefix("fatal:").removeprefix("error:").strip())

    def _run(self, *words: str, stdout: IO[bytes] | int = subprocess.PIPE) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                ["git", *OPTIONS, *words],
                cwd=self._directory,
                env={**os.environ, **ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.PIPE,
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Unreachable("git", self.remote, f"no answer in {TIMEOUT} s") from None
