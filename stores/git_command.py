"""The git command: run so that nothing of a repository is executed, its errors in Onward's words."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from domain.errors import InvalidInput, OnwardError, Unreachable
from domain.progress import Progress

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


@dataclass(frozen=True)
class Remote:
    """A repository to be read, and how long that may take.

    :param repository: its URL or path.
    :param timeout: seconds for one fetch from a server that answers.
    :param progress: whose cancel ends what git does.
    """

    repository: str
    timeout: float
    progress: Progress

    @property
    def shown(self) -> str:
        """The repository, without the credentials that its URL may hold."""
        return shown(self.repository)


class Git:
    """Runs git on a bare repository of its own, whose only remote is the given one.

    Every command may wait for the remote, and all of its processes end with a cancel.

    :param leaves_out: whether files may be left out; git gets one of those when it is read.
    """

    def __init__(self, directory: Path, remote: Remote, *, leaves_out: bool = True) -> None:
        self.directory = directory
        self.remote = remote
        self._leaves_out = leaves_out
        # No template, so no hook. The remote is in no file: it may hold credentials.
        self.read("init", "--quiet", "--bare", "--template=", str(directory))

    def read(self, *words: str) -> bytes:
        """What a command prints that reads what is here; :raises CalledProcessError: it fails."""
        with self._running(words, stdout=subprocess.PIPE) as process:
            content, _ = process.communicate()
        return _checked(process, content)

    def beginning(self, limit: int, *words: str) -> bytes:
        """The same, at most so many bytes of it.

        :raises Unreachable: the server did not give what was left out before.
        """
        with self._running(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None  # noqa: S101 – it was started with a pipe
            content = process.stdout.read(limit)
            if len(content) < limit:
                process.wait()
        if len(content) < limit and process.returncode:
            raise Unreachable(SERVER, self.remote.shown, f"it gave no {words[-1]}")
        return content

    @contextmanager
    def stream(self, *words: str, stdin: IO[bytes]) -> Iterator[IO[bytes]]:
        """The same for a command whose output is too large to be held."""
        with self._running(words, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None  # noqa: S101 – it was started with a pipe
            yield process.stdout
            process.wait()
        _checked(process)

    def fetch(self, commits: Sequence[str], options: Sequence[str]) -> None:
        """Fetch some commits; nothing is left to fetch after :meth:`fetch_everything`.

        :raises CommitNotThere, NotByCommit: what the server says of one of them.
        :raises InvalidInput: the repository cannot be read.
        :raises Unreachable: its server does not answer.
        """
        if self._leaves_out:
            self._fetch([*options, "origin", *commits])

    def fetch_everything(self) -> None:
        """Fetch all branches and tags with their history; raises as :meth:`fetch`."""
        self._fetch(["origin", *EVERYTHING])

    def _fetch(self, words: Sequence[str]) -> None:
        with self._running(["fetch", "--quiet", "--no-tags", *words]) as process:
            try:
                _, output = process.communicate(timeout=min(PATIENCE, self.remote.timeout))
            except subprocess.TimeoutExpired:
                output = self._waited(process)
        if process.returncode:
            raise _translated(output.decode(errors="replace"), self.remote.repository)

    def _waited(self, process: subprocess.Popen[bytes]) -> bytes:
        """Git waits minutes for a server that says nothing, so ask it something small as well."""
        try:
            with self._running(["ls-remote", "--quiet", "origin", "HEAD"]) as probe:
                probe.communicate(timeout=ANSWER_WITHIN)
            return process.communicate(timeout=self.remote.timeout)[1]
        except subprocess.TimeoutExpired as error:
            raise Unreachable(SERVER, self.remote.shown, f"no answer in {error.timeout:.0f} s") from None

    @contextmanager
    def _running(self, words: Sequence[str], **streams: Any) -> Iterator[subprocess.Popen[bytes]]:
        """A command of git; its processes end with the block, or with a cancel, which is then raised."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, **streams}
        # A session of its own: git's helpers (ssh, https) end with it, and cannot ask on a terminal.
        process = subprocess.Popen(self._command(words), start_new_session=True, **streams)
        try:
            with self.remote.progress.closing(partial(_kill, process)):
                yield process
        finally:
            _kill(process)
            process.communicate()
        if process.returncode == -signal.SIGKILL:
            self.remote.progress.wait(0)

    def _command(self, words: Sequence[str]) -> list[str]:
        remote = ["-c", f"remote.origin.url={self.remote.repository}"]
        if self._leaves_out:
            remote += ["-c", "remote.origin.promisor=true"]
        return ["env", *ENVIRONMENT, "git", *OPTIONS, *remote, f"--git-dir={self.directory}", *words]


def shown(repository: str) -> str:
    """A repository's URL without the credentials that it may hold."""
    return re.sub(r"(?<=://)[^/\s]*@", "", repository)


def _checked(process: subprocess.Popen[bytes], content: bytes = b"") -> bytes:
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return content


def _kill(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


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
