"""GitRepositories: what is committed comes out, and nothing else happens."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import InvalidInput, Unreachable
from domain.strict_yaml import SIZE_LIMIT as DEFINITION_LIMIT
from stores.git import GitRepositories
from stores.git_command import Git, Remote
from stores.unwatched import UNWATCHED
from tests.stores.repository import DEFINITION, NOWHERE, Repository, web_server


@pytest.fixture
def into(tmp_path: Path) -> Path:
    directory = tmp_path / "into"
    directory.mkdir()
    return directory


def _tree(directory: Path) -> dict[str, str]:
    """Path → content, mode or target."""

    def shown(path: Path) -> str:
        if path.is_symlink():
            return f"→ {path.readlink()}"
        return f"{path.stat().st_mode & 0o777:o} {path.read_text()}"

    paths = [path for path in directory.rglob("*") if path.is_symlink() or path.is_file()]
    return {path.relative_to(directory).as_posix(): shown(path) for path in paths}


def test_the_definition_is_read_by_path_and_by_url(repository: Repository, repositories: GitRepositories) -> None:
    commit = repository.commit()
    for address in (str(repository.path), repository.path.as_uri()):
        assert repositories.files(address, commit, "cart").definition == DEFINITION.encode()


def test_an_earlier_commit_is_read_as_it_was(repository: Repository, repositories: GitRepositories) -> None:
    commit = repository.commit()
    repository.write("cart/service.yaml", "later")
    repository.commit()

    assert repositories.files(str(repository.path), commit, "cart").definition == DEFINITION.encode()


def test_a_commit_whose_branch_was_deleted_is_read(repository: Repository, repositories: GitRepositories) -> None:
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.write("cart/service.yaml", "feature")
    commit = repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.git("branch", "-D", "feature")

    assert repositories.files(repository.path.as_uri(), commit, "cart").definition == b"feature"


def test_a_server_that_gives_branches_only_is_asked_for_them(
    repository: Repository, repositories: GitRepositories, into: Path
) -> None:
    commit = repository.commit()
    repository.write("cart/service.yaml", "later")
    repository.commit()
    repository.git("update-server-info")
    with web_server(repository.path) as address:
        assert repositories.files(f"{address}/.git", commit, "cart").definition == DEFINITION.encode()
        repositories.checkout(f"{address}/.git", commit, "cart", into)
        with pytest.raises(InvalidInput, match=f"no commit {NOWHERE}"):
            repositories.files(f"{address}/.git", NOWHERE, "cart")

    assert list(_tree(into)) == ["service.yaml"]


def test_a_commit_that_was_not_pushed_is_named(repository: Repository, repositories: GitRepositories) -> None:
    repository.commit()
    for address in (str(repository.path), repository.path.as_uri()):
        with pytest.raises(InvalidInput) as caught:
            repositories.files(address, NOWHERE, "cart")
        for part in (NOWHERE, address, "git push"):
            assert part in str(caught.value)


def test_a_tree_or_a_tag_is_no_commit(repository: Repository, repositories: GitRepositories) -> None:
    repository.commit()
    repository.git("tag", "--annotate", "--message", "tag", "v1")
    for name, kind in (("HEAD^{tree}", "tree"), ("v1", "tag")):
        with pytest.raises(InvalidInput, match=f"is a {kind}"):
            repositories.files(str(repository.path), repository.git("rev-parse", name), "cart")


@pytest.mark.parametrize("commit", ["main", "HEAD", "0599318", "--upload-pack=touch x", "A" * 40])
def test_only_a_full_commit_is_taken(repository: Repository, repositories: GitRepositories, commit: str) -> None:
    with pytest.raises(InvalidInput, match="not a full commit"):
        repositories.files(str(repository.path), commit, "cart")


def test_a_directory_or_a_file_that_is_not_there_is_named(
    repository: Repository, repositories: GitRepositories, into: Path
) -> None:
    repository.write("empty/readme", "")
    repository.link("linked", "cart")
    commit = repository.commit()
    for directory in ("nowhere", "README", "linked", "cart/service.yaml"):
        wanted = f"no directory {directory} at {commit[:12]}\n  expected: a directory that the commit has"
        with pytest.raises(InvalidInput, match=wanted):
            repositories.files(str(repository.path), commit, directory)
        with pytest.raises(InvalidInput, match=f"no directory {directory}"):
            repositories.checkout(str(repository.path), commit, directory, into)
    with pytest.raises(InvalidInput, match=r"empty/service.yaml: no such file"):
        repositories.files(str(repository.path), commit, "empty")
    with pytest.raises(InvalidInput, match=r"service.yaml: no such file"):
        repositories.files(str(repository.path), commit, ".")
    with pytest.raises(InvalidInput, match="leads out"):
        repositories.files(str(repository.path), commit, "../cart")


def test_of_a_definition_no_more_is_read_than_shows_that_it_is_too_large(
    repository: Repository, repositories: GitRepositories
) -> None:
    repository.write("large/service.yaml", "#" * (DEFINITION_LIMIT * 2))
    repository.write("fits/service.yaml", "#" * DEFINITION_LIMIT)
    repository.git("config", "uploadpack.allowFilter", "true")
    commit = repository.commit()
    for address in (str(repository.path), repository.path.as_uri()):
        assert len(repositories.files(address, commit, "fits").definition) == DEFINITION_LIMIT
        assert len(repositories.files(address, commit, "large").definition) == DEFINITION_LIMIT + 1


def test_a_file_that_the_server_does_not_give_is_no_empty_file(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match=f"it gave no {NOWHERE}"):
        Git(tmp_path / "git", Remote(str(repository.path), 30, UNWATCHED)).beginning(9, "cat-file", "blob", NOWHERE)


def test_a_directory_is_listed_as_it_is_checked_out(
    repository: Repository, repositories: GitRepositories, into: Path
) -> None:
    repository.write("cart/deep/größe *.txt", "")
    repository.write("cart/large", "x" * (DEFINITION_LIMIT * 2))
    repository.link("cart/deep/up", "../large")
    repository.git("config", "uploadpack.allowFilter", "true")
    commit = repository.commit()
    listed = repositories.files(repository.path.as_uri(), commit, "cart")

    assert listed.files == {"service.yaml", "large", "deep/größe *.txt"}
    assert listed.links == {"deep/up": "../large"}
    checked_out = repositories.checkout(str(repository.path), commit, "cart", into)
    assert replace(checked_out, size=0) == listed
    assert checked_out.size == len(DEFINITION) + DEFINITION_LIMIT * 2 + len("../large")


def test_a_checkout_has_the_files_as_committed(
    repository: Repository, repositories: GitRepositories, into: Path
) -> None:
    repository.write("cart/run", "#!").chmod(0o755)
    repository.write("cart/deep/größe *.txt", "a\r\nb\n")
    repository.link("cart/deep/up", "../run")
    # Neither acts: what is built is what was committed.
    repository.write("cart/.gitattributes", "* text eol=crlf filter=lfs export-subst\nrun export-ignore\n")
    commit = repository.commit()
    repositories.checkout(str(repository.path), commit, "cart", into)

    tree = _tree(into)
    assert tree.pop(".gitattributes")
    assert tree == {
        "service.yaml": f"644 {DEFINITION}",
        "run": "755 #!",
        "deep/größe *.txt": f"644 {repository.git('show', 'HEAD:cart/deep/größe *.txt')}\n",
        "deep/up": "→ ../run",
    }


def test_the_whole_repository_can_be_a_service(
    repository: Repository, repositories: GitRepositories, into: Path
) -> None:
    repository.write("service.yaml", DEFINITION)
    repositories.checkout(str(repository.path), repository.commit(), ".", into)

    assert sorted(_tree(into)) == ["README", "cart/service.yaml", "service.yaml"]


@pytest.mark.parametrize("target", ["../README", "/etc/hostname", "up/../../../etc", "loop/../../README"])
def test_a_link_that_leads_out_is_refused(
    repository: Repository, repositories: GitRepositories, into: Path, target: str
) -> None:
    # "up/../.." looks as if it stayed inside, until "up" is followed.
    repository.write("cart/deep/readme", "")
    repository.link("cart/up", ".")
    repository.link("cart/loop", "loop")
    repository.link("cart/out", target)
    with pytest.raises(InvalidInput, match=r"out: it is a link that leads out"):
        repositories.checkout(str(repository.path), repository.commit(), "cart", into)


def test_a_submodule_is_refused(
    repository: Repository, repositories: GitRepositories, into: Path, tmp_path: Path
) -> None:
    other = Repository(tmp_path / "other")
    other.commit()
    repository.git("submodule", "--quiet", "add", str(other.path), "cart/vendored")
    with pytest.raises(InvalidInput, match="vendored: it is a submodule"):
        repositories.checkout(str(repository.path), repository.commit(), "cart", into)


def test_a_tree_that_a_hostile_server_made_is_refused(
    repository: Repository, repositories: GitRepositories, into: Path
) -> None:
    blob = repository.git("hash-object", "-w", "README")
    inner = _tree_object(repository, b"100644 escaped", blob)
    outer = _tree_object(repository, b"40000 ..", inner)
    commit = repository.git("commit-tree", "-m", "hostile", _tree_object(repository, b"40000 cart", outer))
    with pytest.raises(InvalidInput, match="leads out of the directory"):
        repositories.checkout(repository.path.as_uri(), commit, "cart", into)
    assert not (into.parent / "escaped").exists()


def _tree_object(repository: Repository, entry: bytes, identity: str) -> str:
    content = entry + b"\0" + bytes.fromhex(identity)
    command = ["git", "-C", str(repository.path), "hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
    return subprocess.run(command, input=content, check=True, capture_output=True).stdout.decode().strip()


@pytest.mark.parametrize("hostile", ["--upload-pack=touch {0}", "ext::sh -c touch% {0}", "-u touch {0}"])
def test_a_repository_is_never_an_option_or_a_command(
    repositories: GitRepositories, tmp_path: Path, hostile: str
) -> None:
    marker = tmp_path / "marker"
    with pytest.raises(InvalidInput):
        repositories.files(hostile.format(marker), NOWHERE, "cart")
    assert not marker.exists()


def test_no_hook_and_no_outer_repository_acts(
    repository: Repository, repositories: GitRepositories, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commit = repository.commit()
    for variable in ("GIT_DIR", "GIT_OBJECT_DIRECTORY"):
        monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))

    assert repositories.files(str(repository.path), commit, "cart").definition == DEFINITION.encode()
    assert not (tmp_path / "elsewhere").exists()
