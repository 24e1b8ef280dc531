"""Words that no command understands, and the shell that completes those that one does."""

from __future__ import annotations

import os

import pytest

from tests.e2e.commandline import CommandLine

ALONE = CommandLine({"TEMPORAL_ADDRESS": "127.0.0.1:1", "ONWARD_STATE_DIRECTORY": os.devnull})
COMMIT = ["--commit", "0" * 40]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["releases", "--bogus"], "No such option: --bogus"),
        (["nonsense"], "No such command 'nonsense'"),
        (["release", *COMMIT], "Missing option '--repo'"),
        (["releases", "--limit", "many"], "'--limit': Input should be a valid integer"),
    ],
)
def test_wrong_usage_is_a_document_too(words: list[str], expected: str) -> None:
    document = ALONE.json(*words, exit_code=2)

    assert document["error"]["kind"] == "InvalidInput"
    assert expected in document["error"]["message"]


def test_wrong_usage_without_json_is_text_on_stderr() -> None:
    answer = ALONE.run("releases", "--bogus")

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "No such option: --bogus" in answer.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["release", *COMMIT, "--repo", ""], "--repo: it is empty"),
        (["plan", *COMMIT, "--repo", ""], "--repo: it is empty"),
        (["fix", "shop-cart", *COMMIT, "--repo", ""], "--repo: it is empty"),
        (["release", *COMMIT, "--repo", "https://user:token@127.0.0.1:1/shop"], "the URL holds a credential"),
    ],
)
def test_a_repository_that_must_not_be_used_is_refused_before_git_sees_it(words: list[str], expected: str) -> None:
    answer = ALONE.run(*words)

    assert answer.exit_code == 2, str(answer)
    assert expected in answer.stderr
    assert "token" not in answer.stderr


@pytest.mark.parametrize(
    ("typed", "offered"), [("onward rele", {"release", "releases"}), ("onward deployed --env", {"--environment"})]
)
def test_a_shell_completes_commands_and_options(typed: str, offered: set[str]) -> None:
    asking = {"_ONWARD_COMPLETE": "complete_bash", "COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    answer = CommandLine({**ALONE.environment, **asking}).run()

    assert set(answer.stdout.split()) == offered
