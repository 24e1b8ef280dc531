"""The command line and its documentation say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_group

from starter.cli import app

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()
SECTIONS = dict(re.findall(r"^### onward ([\w-]+)\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL))
COMMANDS = get_group(app).commands


def test_each_command_has_its_section_and_no_section_is_of_the_past() -> None:
    assert sorted(SECTIONS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_option_of_a_command_is_in_its_section(name: str) -> None:
    options = {
        word
        for parameter in COMMANDS[name].params
        for word in (*parameter.opts, *parameter.secondary_opts)
        if word.startswith("--") and word != "--help"
    }

    assert {option for option in options if option not in SECTIONS[name]} == set()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_section_speaks_of_no_option_that_is_not_there(name: str) -> None:
    known = {word for parameter in COMMANDS[name].params for word in (*parameter.opts, *parameter.secondary_opts)}

    assert set(re.findall(r"`(--[\w-]+)`", SECTIONS[name])) <= known
