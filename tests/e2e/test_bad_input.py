"""Bad input: exit code 2, one message with file, line, key and what was expected; nothing starts."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine

FILE = "catalog/service.yaml"


def _replaced(old: str, new: str) -> Callable[[Application], None]:
    def change(application: Application) -> None:
        text = (application.repository / FILE).read_text()
        assert old in text
        application.write(FILE, text.replace(old, new, 1))

    return change


def _appended(line: str) -> Callable[[Application], None]:
    def change(application: Application) -> None:
        application.write(FILE, (application.repository / FILE).read_text() + line)

    return change


def _removed(application: Application) -> None:
    subprocess.run(["git", "-C", application.repository, "rm", "-q", FILE], check=True)
    application.write("README", "no definition")


BAD_DEFINITIONS = {
    "unknown key": (_appended("colour: red\n"), "colour: unknown key"),
    "duplicate key": (_appended("port: 80\n"), "port: duplicate key; expected each key once"),
    "wrong type": (_replaced("port: 8080", 'port: "8080"'), 'port: "8080"; expected a whole number'),
    "missing file": (_removed, f"{FILE}: no such file in the commit"),
    "invalid YAML": (_appended("monitors: [\n"), "not YAML"),
    "aliases": (_appended("x: &a [1]\ny: *a\n"), "alias *a"),
    "capitals": (_replaced("role: catalog", "role: Catalog"), 'role: "Catalog"; expected lower-case'),
    "too long": (_replaced("role: catalog", f"role: {'c' * 60}"), "a DNS label of at most 63"),
    "path out": (_replaced("context: .,", "context: ../x,"), 'build.context: "../x"; expected a relative path'),
    "too large": (_appended("# " + "x" * 262_144 + "\n"), "at most 256 KiB"),
}


@pytest.mark.parametrize("case", BAD_DEFINITIONS)
def test_a_bad_definition_is_refused_before_anything_starts(
    application: Application, onward: CommandLine, case: str
) -> None:
    change, expected = BAD_DEFINITIONS[case]
    change(application)

    answer = onward.run(*application.words("catalog"))

    assert answer.exit_code == 2, str(answer)
    assert FILE in answer.stderr
    assert expected in answer.stderr
    assert "Traceback" not in answer.stderr
    assert onward.json("releases", "--application", application.name) == []


BAD_SOURCES = {
    "a branch": (["--commit", "main"], "is not a full commit"),
    "a short commit": (["--commit", "1a2b3c4"], "is not a full commit"),
    "no such commit": (["--commit", "0" * 40], "there is no commit " + "0" * 40),
    "no such repository": (["--repo", "/nowhere/at/all"], "the repository cannot be read"),
    "out of the repository": (["--service-dir", "../other"], "leads out of the repository"),
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


def test_a_dockerfile_outside_of_the_context_is_refused(application: Application, onward: CommandLine) -> None:
    _replaced("dockerfile: Dockerfile", "dockerfile: ../Dockerfile")(application)

    answer = onward.run(*application.words("catalog"))

    assert answer.exit_code == 2
    assert "build.dockerfile" in answer.stderr


def test_a_link_out_of_the_repository_is_refused_and_nothing_is_built(application: Application) -> None:
    (application.repository / "catalog" / "leak").symlink_to("../../../etc/hostname")
    application.write("catalog/note", "a link beside me")

    document = application.release("catalog", exit_code=2)

    assert document["status"] == "refused"
    assert "leak: it is a link that leads out" in document["failure"]["message"]
    assert [stage["name"] for stage in document["stages"]] == ["source"]


def test_a_missing_dockerfile_is_refused_and_nothing_is_built(application: Application) -> None:
    subprocess.run(["git", "-C", application.repository, "rm", "-q", "catalog/Dockerfile"], check=True)
    application.write("catalog/note", "no Dockerfile beside me")

    document = application.release("catalog", exit_code=2)

    assert document["status"] == "refused"
    assert "there is no file Dockerfile" in document["failure"]["message"]


def test_a_directory_keeps_its_service(application: Application) -> None:
    application.release("catalog")
    _replaced("role: catalog", "role: assortment")(application)

    document = application.release("catalog", exit_code=2)

    assert document["status"] == "refused"
    assert f"this directory holds {application.name}-catalog" in document["failure"]["message"]


def test_a_server_that_does_not_answer_is_named_within_ten_seconds() -> None:
    alone = CommandLine({"TEMPORAL_ADDRESS": "127.0.0.1:1", "ONWARD_STATE_DIRECTORY": os.devnull})
    start = time.monotonic()

    answer = alone.run("releases")

    assert answer.exit_code == 3
    assert "Temporal at 127.0.0.1:1 does not answer" in answer.stderr
    assert time.monotonic() - start < 10
