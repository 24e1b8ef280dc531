"""The git command: run so that nothing of a repository is executed, its errors in Onward's words."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from domain.errors import InvalidInput, OnwardError, Unreachable

SERVER = "git"

#: Seconds after which a fetch that has not ended is suspected, and in which a server that
#: works answers a question about one reference. Together below ten.
PATIENCE = 3
ANSWER_WITHIN = 5

#: No prompt, no transport that runs commands, no outer repository, messages in English.
ENVIRONMENT = (
    *("-u", "GIT_DIR", "-u", "GIT_WORK_TREE", "-u", "GIT_INDEX_FILE", "-u", "GIT_OBJECT_DIRECTORY"),
    "GIT_TERMINAL_PROMPT=0",
    "GIT_CONFIG_NOSYSTEM=1",
    "GIT_ALLOW_PROTOCOL=file:git:http:https:ssh",
    "LC_ALL=C",
)
#: ``safe.directory``: a repository of another user is only read, by a git that runs nothing of it.
OPTIONS = (
    *("-c", "safe.directory=*"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "gc.auto=0"),
    *("-c", "protocol.ext.allow=never"),
    *("-c", "fetch.recurseSubmodules=false"),
    *("-c", "core.sshCommand=ssh -o BatchMode=yes -o ConnectTimeout=8"),
)

EVERYTHING = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")

NO_ANSWER = re.compile(
    r"could not resolve|failed to connect|couldn't connect|connection (refused|reset|timed out|closed)"
    r"|operation timed out|unable to connect|no route to host|network is unreachable|returned error: (5\d\d|429)"
    r"|rpc failed|early eof|hung up unexpectedly",
    re.IGNORECASE,
)
NO_SUCH_COMMIT = re.compile(r"not our ref|bad object|not a valid object name|no such remote ref", re.IGNORECASE)
NOT_BY_COMMIT = re.compile(r"unadvertised object|dumb http", re.IGNORECASE)


class CommitNotThere(Exception):
    """The server answers, and does not have the commit."""


class NotByCommit(Exception):
    """The server gives branches and tags only."""


class Git:
    """Runs git on a bare repository of its own, whose only remote is the given one.

    :param repository: URL or path of the remote.
    :param timeout: seconds for one fetch.
    :param partial: whether files may be left out; git gets one of those when it is read.
    """

    def __init__(self, directory: Path, repository: str, timeout: float, *, partial: bool = True) -> None:
        self.directory = directory
        self._repository = repository
        self._timeout = timeout
        self.partial = partial
        # No template, so no hook. The remote is in no file: it may hold credentials.
        self.read("init", "--quiet", "--bare", "--template=", str(directory))

    def read(self, *words: str) -> bytes:
        """What a command prints that only reads what is here."""
        return subprocess.run(self._command(words), stdin=subprocess.DEVNULL, capture_output=True, check=True).stdout

    def beginning(self, limit: int, *words: str) -> bytes:
        """The same, at most so many bytes of it.

        :raises Unreachable: the server did not give what was left out before.
        """
        command = self._command(words)
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            assert process.stdout is not None  # noqa: S101 – it was started with a pipe
            content = process.stdout.read(limit)
            if len(content) == limit:
                process.kill()
        if len(content) < limit and process.returncode:
            raise Unreachable(SERVER, self.shown, f"it gave no {words[-1]}")
        return content

    def stream(self, *words: str, stdin: IO[bytes]) -> subprocess.Popen[bytes]:
        """The same for a command whose output is too large to be held."""
        return subprocess.Popen(self._command(words), stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    @property
    def shown(self) -> str:
        """The remote, without the credentials that its URL may hold."""
        return shown(self._repository)

    def fetch(self, commits: Sequence[str], options: Sequence[str]) -> None:
        """Fetch some commits; nothing is left to fetch after :meth:`fetch_everything`.

        :raises CommitNotThere, NotByCommit: what the server says of one of them.
        :raises InvalidInput: the repository cannot be read.
        :raises Unreachable: its server does not answer.
        """
        if self.partial:
            self._fetch([*options, "origin", *commits])

    def fetch_everything(self) -> None:
        """Fetch all branches and tags with their history; raises as :meth:`fetch`."""
        self._fetch(["origin", *EVERYTHING])

    def _fetch(self, words: Sequence[str]) -> None:
        process = _started(self._command(["fetch", "--quiet", "--no-tags", *words]))
        try:
            _, output = process.communicate(timeout=min(PATIENCE, self._timeout))
        except subprocess.TimeoutExpired:
            output = self._waited(process)
        finally:
            _end(process)
        if process.returncode:
            raise _translated(output.decode(errors="replace"), self._repository)

    def _waited(self, process: subprocess.Popen[bytes]) -> bytes:
        """Git waits minutes for a server that says nothing, so ask it something small as well."""
        try:
            probe = _started(self._command(["ls-remote", "--quiet", "origin", "HEAD"]))
            try:
                probe.communicate(timeout=ANSWER_WITHIN)
            finally:
                _end(probe)
            return process.communicate(timeout=self._timeout)[1]
        except subprocess.TimeoutExpired as error:
            raise Unreachable(SERVER, shown(self._repository), f"no answer in {error.timeout:.0f} s") from None

    def _command(self, words: Sequence[str]) -> list[str]:
        remote = ["-c", f"remote.origin.url={self._repository}"]
        if self.partial:
            remote += ["-c", "remote.origin.promisor=true"]
        return ["env", *ENVIRONMENT, "git", *OPTIONS, *remote, f"--git-dir={self.directory}", *words]


def shown(repository: str) -> str:
    """A repository's URL without the credentials that it may hold."""
    return re.sub(r"(?<=://)[^/\s]*@", "", repository)


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    # A session of its own: git's helpers (ssh, https) end with it, and cannot ask on a terminal.
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _translated(output: str, repository: str) -> OnwardError | CommitNotThere | NotByCommit:
    if NOT_BY_COMMIT.search(output):
        return NotByCommit()
    if NO_SUCH_COMMIT.search(output):
        return CommitNotThere()
    lines = [line.partition(": ")[2] or line for line in output.splitlines() if line.startswith(("fatal: ", "ssh: "))]
    reason = shown(lines[0] if lines else output.strip().rpartition("\n")[2])
    if NO_ANSWER.search(output):
        return Unreachable(SERVER, shown(repository), reason)
    return InvalidInput(
        f"the repository cannot be read: {reason}",
        where=shown(repository),
        expected="a git repository that the build worker may read",
        next=f"git ls-remote {shown(repository)}",
    )
