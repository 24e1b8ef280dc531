"""What commits have to do with each other: the same from real repositories and from the fake ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from uuid import uuid4

import pytest

from domain.errors import InvalidInput
from domain.source import Repositories
from stores.git import GitRepositories
from stores.unwatched import UNWATCHED
from tests.fakes.stores import MemoryRepositories
from tests.stores.repository import Repository, web_server

NOWHERE = "0" * 39 + "1"
MONDAY = 1_750_000_000
DAY = 24 * 3600


class History(Protocol):
    """Commits in the making, and who answers for them."""

    address: str

    @property
    def repositories(self) -> Repositories: ...

    def commit(self, *parents: str, subject: str = "change", at: int = MONDAY, branch: str = "main") -> str: ...


class GitHistory:
    """A real repository."""

    def __init__(self, path: Path, *, by_commit: bool = True) -> None:
        self.repository = Repository(path)
        self.repositories: Repositories = GitRepositories(timeout=30)
        self.address = path.as_uri()
        self.repository.git("config", "uploadpack.allowFilter", "true" if by_commit else "false")

    def commit(self, *parents: str, subject: str = "change", at: int = MONDAY, branch: str = "main") -> str:
        return self.repository.commit_on(*parents, subject=subject, at=at, branch=branch)


class MemoryHistory:
    """The fake."""

    def __init__(self) -> None:
        self.address = "https://git.test/shop"
        self.memory = MemoryRepositories()
        self.repositories: Repositories = self.memory

    def commit(self, *parents: str, subject: str = "change", at: int = MONDAY, branch: str = "main") -> str:
        commit = uuid4().hex + "00000000"
        self.memory.commits[self.address, commit] = {}
        self.memory.parents[commit] = parents
        self.memory.subjects[commit] = subject
        return commit


@pytest.fixture(params=["git", "git without filter", "memory"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> History:
    made: dict[str, Callable[[], History]] = {
        "git": lambda: GitHistory(tmp_path / "shop"),
        "git without filter": lambda: GitHistory(tmp_path / "shop", by_commit=False),
        "memory": MemoryHistory,
    }
    return made[request.param]()


@pytest.fixture
def real(tmp_path: Path) -> GitHistory:
    return GitHistory(tmp_path / "shop")


def is_ancestor(history: History, commit: str, of: str) -> bool:
    return history.repositories.is_ancestor(history.address, commit, of, UNWATCHED)


def subjects(history: History, since: str | None, until: str, limit: int = 100) -> list[str]:
    return [
        each.subject for each in history.repositories.changes(history.address, since, until, limit, UNWATCHED).commits
    ]


def test_what_came_before_is_an_ancestor_and_nothing_else_is(history: History) -> None:
    first = history.commit()
    second = history.commit(first, at=MONDAY + 60)
    third = history.commit(second, at=MONDAY + 9 * DAY)

    assert is_ancestor(history, first, third)
    assert is_ancestor(history, second, third)
    assert not is_ancestor(history, third, first)
    assert not is_ancestor(history, third, third)


def test_both_sides_of_a_merge_are_ancestors_of_it_and_not_of_each_other(history: History) -> None:
    first = history.commit()
    left = history.commit(first, at=MONDAY + 60)
    right = history.commit(first, at=MONDAY + 120, branch="feature")
    merge = history.commit(left, right, at=MONDAY + 180)

    assert is_ancestor(history, left, merge)
    assert is_ancestor(history, right, merge)
    assert not is_ancestor(history, right, left)
    assert not is_ancestor(history, left, right)


def test_nothing_connects_with_a_commit_that_is_not_there(history: History) -> None:
    there, other = history.commit(), history.commit(branch="unrelated", subject="another root")

    assert not is_ancestor(history, there, other)
    assert not is_ancestor(history, there, NOWHERE)
    with pytest.raises(InvalidInput, match=f"no commit {NOWHERE}"):
        is_ancestor(history, NOWHERE, there)


def test_changes_are_what_came_since_the_newest_first(history: History) -> None:
    first = history.commit(subject="verified")
    second = history.commit(first, subject="half\x1fa fix: ä", at=MONDAY + 60)
    third = history.commit(second, subject="the other half", at=MONDAY + 120)
    found = history.repositories.changes(history.address, first, third, 100, UNWATCHED)

    assert [(each.commit, each.subject) for each in found.commits] == [
        (third, "the other half"),
        (second, "half\x1fa fix: ä"),
    ]
    assert (found.since, found.more, found.note) == (first, 0, "")
    assert found.commits[0].author == "test"


def test_of_many_changes_the_newest_are_told_and_the_others_counted(history: History) -> None:
    first = at = history.commit()
    for count in range(5):
        at = history.commit(at, subject=f"change {count}", at=MONDAY + 60 * (count + 1))
    found = history.repositories.changes(history.address, first, at, 2, UNWATCHED)

    assert [each.subject for each in found.commits] == ["change 4", "change 3"]
    assert found.more == 3


def test_without_a_beginning_the_newest_commits_are_told(history: History) -> None:
    first = history.commit(subject="a")
    second = history.commit(first, subject="b", at=MONDAY + 60)
    third = history.commit(second, subject="c", at=MONDAY + 9 * DAY)

    assert subjects(history, None, third) == ["c", "b", "a"]
    assert subjects(history, None, third, limit=2) == ["c", "b"]
    lost = history.repositories.changes(history.address, NOWHERE, third, 2, UNWATCHED)
    assert [each.subject for each in lost.commits] == ["c", "b"]
    assert "000000000000 is not in the repository" in lost.note
    with pytest.raises(InvalidInput, match=f"no commit {NOWHERE}"):
        history.repositories.changes(history.address, third, NOWHERE, 2, UNWATCHED)


def test_where_nothing_came_since_a_note_says_so(history: History) -> None:
    first = history.commit()
    second = history.commit(first, at=MONDAY + 60)
    for until in (first, second):
        found = history.repositories.changes(history.address, second, until, 100, UNWATCHED)
        assert found.commits == ()
        assert "has everything" in found.note


def test_an_old_branch_that_was_merged_late_is_among_the_changes(history: History) -> None:
    root = history.commit(at=MONDAY - 50 * DAY)
    old = history.commit(root, subject="begun long ago", at=MONDAY - 40 * DAY, branch="feature")
    older = history.commit(root, at=MONDAY - 20 * DAY)
    verified = history.commit(older, subject="verified")
    merge = history.commit(verified, old, subject="merge", at=MONDAY + 60)

    assert sorted(subjects(history, verified, merge)) == ["begun long ago", "merge"]
    assert is_ancestor(history, old, merge)
    assert not is_ancestor(history, old, verified)


def test_a_clock_that_was_wrong_hides_no_ancestor(real: GitHistory) -> None:
    first = real.commit()
    early = real.commit(first, at=MONDAY - 100 * DAY)
    last = real.commit(early, at=MONDAY + 60)

    assert is_ancestor(real, first, last)
    assert not is_ancestor(real, last, first)


def test_a_moment_that_no_calendar_has_does_no_harm(real: GitHistory) -> None:
    first = real.commit()
    tree = real.repository.git("write-tree")
    person = "test <test@example.org> 99999999999999 +0000"
    text = f"tree {tree}\nparent {first}\nauthor {person}\ncommitter {person}\n\nfar away\n"
    file = real.repository.write("commit", text)
    commit = real.repository.git("hash-object", "-t", "commit", "-w", "--literally", str(file))

    assert subjects(real, first, commit) == ["far away"]
    assert is_ancestor(real, first, commit)


def test_a_server_that_gives_branches_only_is_asked_for_them(real: GitHistory) -> None:
    first = real.commit(subject="a")
    second = real.commit(first, subject="b", at=MONDAY + 60)
    other = real.commit(first, subject="c", at=MONDAY + 120, branch="feature")
    real.repository.git("update-server-info")
    with web_server(real.repository.path) as address:
        real.address = f"{address}/.git"
        assert is_ancestor(real, first, second)
        assert not is_ancestor(real, second, other)
        assert not is_ancestor(real, first, NOWHERE)
        assert subjects(real, second, other) == ["c"]
        with pytest.raises(InvalidInput, match=f"no commit {NOWHERE}"):
            is_ancestor(real, NOWHERE, first)


def test_commits_are_fetched_and_their_files_are_not(real: GitHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever fetches the large file runs into its absence."""
    large = real.repository.write("large", "x" * 100_000)
    real.repository.git("add", "--all")
    blob = real.repository.git("hash-object", str(large))
    first = real.commit()
    second = real.commit(first, at=MONDAY + 60)
    (real.repository.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()

    assert is_ancestor(real, first, second)
    assert len(subjects(real, first, second)) == 1
