"""What two commits have to do with each other, from commits alone: no file and no tree is fetched.

Only as much history is fetched as the answer needs: from the older of the two commits on, and a
day more. Where that does not say for certain (an old branch that was merged late, a machine whose
clock was wrong) it is all of the history.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime

from domain.evidence import Change, Changes
from stores.git_command import Git
from stores.git_fetch import SHALLOW, fetch_if_there, fetch_required

COMMITS_ALONE = "--filter=tree:0"
#: Git's own word for "without end".
UNBOUNDED = "--depth=2147483647"
#: Seconds by which machines disagree about the time, at most, before all of the history is fetched.
SKEW = 24 * 3600

FIELDS = ("%H", "%an", "%ct", "%s")
#: Characters of a subject, and of a name.
TEXT_LIMIT = 200
#: Whatever the user's own settings of ``git log`` are.
PLAIN = ("--no-show-signature", "--no-decorate", "--no-color", "--no-patch", "--no-mailmap")
LAST_MOMENT = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp())


def is_ancestor(git: Git, commit: str, of: str) -> bool:
    """Whether a commit is an ancestor of another one. A "no" is as certain as a "yes"."""
    fetch_required(git, commit, [*SHALLOW, COMMITS_ALONE])
    if not fetch_if_there(git, of, [*SHALLOW, COMMITS_ALONE]):
        return False
    _fetch_between(git, [commit, of])
    if _reaches(git, of, commit):
        return True
    if _reaches(git, commit, of):  # the other way round, as a fix mostly is
        return False
    _fetch_all(git, [commit, of])
    return _reaches(git, of, commit)


def changes(git: Git, since: str | None, until: str, limit: int) -> Changes:
    """The newest commits that ``until`` has and ``since`` has not."""
    fetch_required(git, until, [*SHALLOW, COMMITS_ALONE])
    if since is None or not fetch_if_there(git, since, [*SHALLOW, COMMITS_ALONE]):
        # A commit is nearer to the tip than it is far down in the list.
        git.fetch([until], [f"--depth={limit}", COMMITS_ALONE])
        note = f"{since[:12]} is not in the repository: these are the newest commits" if since else ""
        return Changes(since=since, commits=_log(git, until, limit), note=note)
    _fetch_between(git, [since, until])
    between = f"{since}..{until}"
    if _cut_off(git, between):
        _fetch_all(git, [since, until])
    found = _log(git, between, limit)
    count = int(git.read("rev-list", "--count", between))
    note = "" if found else f"{since[:12]} has everything that {until[:12]} has"
    return Changes(since=since, commits=found, more=count - len(found), note=note)


def _fetch_between(git: Git, commits: Sequence[str]) -> None:
    """The history of some commits down to the oldest of them, by the time that they say."""
    oldest = min(int(git.read("show", *PLAIN, "--format=%ct", each)) for each in commits)
    git.fetch(commits, [f"--shallow-since=@{max(oldest - SKEW, 0)} +0000", COMMITS_ALONE])


def _fetch_all(git: Git, commits: Sequence[str]) -> None:
    git.fetch(commits, [UNBOUNDED, COMMITS_ALONE])


def _reaches(git: Git, commit: str, ancestor: str) -> bool:
    try:
        git.read("merge-base", "--is-ancestor", ancestor, commit)
    except subprocess.CalledProcessError as error:
        if error.returncode == 1:
            return False
        raise
    return True


def _cut_off(git: Git, between: str) -> bool:
    """Whether one of the commits has parents that were not fetched."""
    shallow = git.directory / "shallow"
    if not shallow.exists():
        return False
    return not set(shallow.read_text().split()).isdisjoint(git.read("rev-list", between).decode().split())


def _log(git: Git, commits: str, limit: int) -> tuple[Change, ...]:
    words = ["log", "-z", *PLAIN, f"--max-count={limit}", f"--format=tformat:{'%x00'.join(FIELDS)}", commits]
    fields = git.read(*words).decode(errors="replace").split("\0")[:-1]
    rows = zip(*(fields[first :: len(FIELDS)] for first in range(len(FIELDS))), strict=True)
    return tuple(
        Change(commit=commit, author=author[:TEXT_LIMIT], when=_moment(seconds), subject=subject[:TEXT_LIMIT])
        for commit, author, seconds, subject in rows
    )


def _moment(seconds: str) -> datetime:
    """A commit's time; anybody can write anything there."""
    return datetime.fromtimestamp(min(int(seconds or 0), LAST_MOMENT), UTC)
