"""``onward check`` and ``onward release`` refuse the same, with the same words, before anything starts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from examples.repository import commit_all, make_repository
from starter.cli import app
from tests.bad_definitions import BAD_DEFINITIONS, DIRECTORY, FILE, linked, removed


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example in a repository, which is where one is."""
    directory = tmp_path / "shop"
    make_repository(directory)
    monkeypatch.chdir(directory)
    return directory


def _onward(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.mark.parametrize("case", BAD_DEFINITIONS)
def test_check_and_release_refuse_the_same_with_the_same_words(shop: Path, case: str) -> None:
    change, expected = BAD_DEFINITIONS[case]
    change(shop)

    checked = _onward("check", DIRECTORY)

    assert checked.exit_code == 2, checked.output
    assert checked.stderr.startswith(f"onward: {expected}")
    commit = commit_all(shop, case)
    released = _onward("release", "--repo", str(shop), "--commit", commit, "--service-dir", DIRECTORY)
    assert (released.exit_code, released.stderr) == (2, checked.stderr)


@pytest.mark.parametrize("case", BAD_DEFINITIONS)
def test_check_refuses_it_without_a_repository_too(shop: Path, case: str) -> None:
    change, expected = BAD_DEFINITIONS[case]
    change(shop)
    (shop / ".git").rename(shop / "no-repository")

    checked = _onward("check", DIRECTORY)

    assert checked.exit_code == 2, checked.output
    assert checked.stderr.startswith(f"onward: {expected}")


def test_what_is_fit_to_be_released_is_called_so(shop: Path) -> None:
    for role in ("cart", "catalog", "checkout", "web"):
        assert f"{role}/service.yaml: shop-{role} (" in _onward("check", role).stdout
    assert _onward("check", str(shop / "nowhere")).stderr.startswith(f"onward: {shop}/nowhere: no such directory")


def test_links_inside_are_followed(shop: Path) -> None:
    (shop / DIRECTORY / "Dockerfile").rename(shop / DIRECTORY / "tests" / "Other")
    linked("Dockerfile", "./hop")(shop)
    linked("hop", "tests/integration/../Other")(shop)
    linked("dangling", "nowhere")(shop)
    linked("circle", "circle")(shop)

    assert _onward("check", DIRECTORY).exit_code == 0


def test_only_what_a_commit_would_hold_is_looked_at(shop: Path) -> None:
    (shop / ".gitignore").write_text(".venv/\n")
    (shop / DIRECTORY / ".venv").mkdir()
    linked(".venv/python", "/usr/bin/python3")(shop)
    assert _onward("check", DIRECTORY).exit_code == 0

    (shop / ".gitignore").write_text(".venv/\nservice.yaml\n")
    assert _onward("check", DIRECTORY).exit_code == 0, "what is known to git is not ignored"

    subprocess.run(["git", "rm", "-rq", "--cached", "."], cwd=shop, check=True)
    assert f"{FILE}: git ignores it" in _onward("check", DIRECTORY).stderr


def test_a_repository_inside_is_refused_like_a_submodule(shop: Path) -> None:
    make_repository(shop / DIRECTORY / "vendored")

    assert f"{DIRECTORY}/vendored: it is a submodule" in _onward("check", DIRECTORY).stderr


def test_a_file_that_is_deleted_counts_as_missing_before_git_knows(shop: Path) -> None:
    removed("tests/integration/Dockerfile")(shop)

    assert f"{FILE}:8: tests.integration.dockerfile: there is no file" in _onward("check", DIRECTORY).stderr


def test_the_tests_of_monitors_are_run_and_what_fails_is_told(shop: Path) -> None:
    assert "CartFails        monitors/cart.yaml" in _onward("check", "cart").stdout
    rules = shop / "cart" / "monitors" / "cart.yaml"
    rules.write_text(rules.read_text().replace("> 0.01", "> 0.5"))

    checked = _onward("check", "cart")

    assert checked.exit_code == 1, checked.output
    assert "CartFails fails the test 'monitors/cart_test.yaml: two in a hundred fail' at 30s" in checked.stderr


def test_a_rule_without_a_test_is_refused_and_so_is_a_directory_that_is_not_there(shop: Path) -> None:
    (shop / "cart" / "monitors" / "cart_test.yaml").unlink()

    checked = _onward("check", "cart")

    assert checked.exit_code == 2, checked.output
    assert "monitors/cart.yaml: CartFails: too few tests" in checked.stderr
    (shop / "cart" / "monitors" / "cart.yaml").unlink()
    assert "service.yaml:16: monitors: there is no directory monitors" in _onward("check", "cart").stderr
