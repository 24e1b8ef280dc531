"""Documents and code say the same: settings, and search attributes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from temporalio.common import SearchAttributeKey

from domain.duration import format_duration
from settings import ClientSettings, EdgeSettings, ListenSettings, StackSettings, WorkerSettings
from stack.servers import search_attribute
from workflows.attributes import ALL

ROOT = Path(__file__).parents[2]
TEXT = ROOT.joinpath("docs/settings.md").read_text()
ROWS = dict(re.findall(r"^\| `(ONWARD_\w+)` \| (.*?) \|", TEXT, re.MULTILINE))


@pytest.mark.parametrize("group", [StackSettings, ClientSettings, ListenSettings, WorkerSettings, EdgeSettings])
def test_every_setting_is_listed_with_its_default(group: type[BaseSettings]) -> None:
    for name, field in group.model_fields.items():
        default = field.get_default()
        text = _as_typed(default)
        shown = f"`{text}`" if text not in ("", ".") else "–"
        assert ROWS.get(_variable(group, name)) == shown, name


def _variable(group: type[BaseSettings], name: str) -> str:
    return f"{group.model_config['env_prefix']}{name}".upper()


def _as_typed(default: object) -> str:
    if isinstance(default, timedelta):
        return format_duration(default)
    return str(default.get_secret_value() if isinstance(default, SecretStr) else default)


def test_nothing_else_is_listed() -> None:
    groups = (StackSettings, ListenSettings, WorkerSettings, EdgeSettings)
    known = {_variable(group, name) for group in groups for name in group.model_fields}
    assert set(ROWS) == known


@pytest.mark.parametrize("key", ALL, ids=lambda key: key.name)
def test_every_search_attribute_is_registered_and_documented_by_name_and_type(key: SearchAttributeKey[Any]) -> None:
    name, _, kind = search_attribute(key).partition("=")

    assert kind in ("Keyword", "KeywordList", "Int")  # as the Temporal CLI spells them
    assert f"--name {name} --type {kind}" in ROOT.joinpath("deploy/search-attributes.sh").read_text()
    assert f"--name {name} --type {kind}" in ROOT.joinpath("docs/production.md").read_text()
    assert re.search(rf"`{name}`.* \| {kind} \|", ROOT.joinpath("docs/watching.md").read_text())
