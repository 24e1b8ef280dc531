"""Bad input: exit code 2, one message with file, line, key and what was expected; nothing starts."""

from __future__ import annotations

import os
import time

import pytest

from examples.repository import commit_all
from tests.bad_definitions import BAD_DEFINITIONS, FILE, replaced
from tests.e2e.application import Application, Verified
from tests.e2e.commandline import CommandLine


@pytest.mark.parametrize("case", BAD_DEFINITIONS)
def test_a_bad_definition_is_refused_before_anything_starts(
    application: Application, onward: CommandLine, case: str
) -> None:
    change, expected = BAD_DEFINITIONS[case]
    change(application.repository)
    application.commit = commit_all(application.repository, case)

    answer = onward.run(*application.words("catalog"))

    assert answer.exit_code == 2, str(answer)
    assert answer.stderr.startswith(f"onward: {expected}")
    assert "Traceback" not in answer.stderr
    assert onward.json("releases", "--application", application.name) == []


BAD_SOURCES = {
    "a branch": (["--commit", "main"], "is not a full commit"),
    "a short commit": (["--commit", "1a2b3c4"], "is not a full commit"),
    "no such commit": (["--commit", "0" * 40], "there is no commit " + "0" * 40),
    "no such repository": (["--repo", "/nowhere/at/all"], "the repository cannot be read"),
    "out of the repository": (["--service-dir", "../other"], "leads out of the repository"),
    "no such directory": (["--service-dir", "nope"], "there is no directory nope at "),
    "a credential": (["--repo", "https://user:token@git.test/shop"], "the URL holds a credential"),
    "an empty repository": (["--repo", ""], "--repo: it is empty"),
}


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_a_bad_source_is_refused_before_anything_starts(
    application: Application, onward: CommandLine, case: str
) -> None:
    words, expected = BAD_SOURCES[case]

    answer = onward.run(*application.words("catalog"), *words)

    assert answer.exit_code == 2, str(answer)
    assert expected in answer.stderr
    assert "token" not in answer.stderr
    assert onward.json("releases", "--application", application.name) == []


@pytest.mark.parametrize(("key", "line", "other"), [("role", 2, "assortment"), ("application", 1, "market")])
def test_a_directory_keeps_its_service(verified: Verified, key: str, line: int, other: str) -> None:
    application = verified.application
    kept = {"role": "catalog", "application": application.name}[key]
    other += application.name[1:]
    replaced(f"{key}: {kept}", f"{key}: {other}")(application.repository)
    application.commit = commit_all(application.repository, f"Another {key}")

    document = application.release("catalog", exit_code=2)

    assert document["status"] == "refused"
    assert [stage["name"] for stage in document["stages"]] == ["source"]
    assert document["failure"]["message"].startswith(
        f'{FILE}:{line}: {key}: "{other}"; expected "{kept}": this directory holds {application.name}-catalog, for good'
    )


def test_a_server_that_does_not_answer_is_named_within_ten_seconds() -> None:
    alone = CommandLine({"TEMPORAL_ADDRESS": "127.0.0.1:1", "ONWARD_STATE_DIRECTORY": os.devnull})
    start = time.monotonic()

    answer = alone.run_installed("releases")

    assert answer.exit_code == 3
    assert "Temporal at 127.0.0.1:1 does not answer" in answer.stderr
    assert time.monotonic() - start < 10
