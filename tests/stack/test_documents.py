"""docs/settings.md and the code say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from settings import ClientSettings, ListenSettings, StackSettings, WorkerSettings

TEXT = Path(__file__).parents[2].joinpath("docs/settings.md").read_text()
ROWS = dict(re.findall(r"^\| `(ONWARD_\w+)` \| (.*?) \|", TEXT, re.MULTILINE))


@pytest.mark.parametrize("group", [StackSettings, ClientSettings, ListenSettings, WorkerSettings])
def test_every_setting_is_listed_with_its_default(group: type[BaseSettings]) -> None:
    for name, field in group.model_fields.items():
        default = field.get_default()
        text = str(default.get_secret_value() if hasattr(default, "get_secret_value") else default)
        shown = f"`{text}`" if text not in ("", ".") else "–"
        assert ROWS.get(f"ONWARD_{name.upper()}") == shown, name


def test_nothing_else_is_listed() -> None:
    groups = (StackSettings, ListenSettings, WorkerSettings)
    known = {f"ONWARD_{name.upper()}" for group in groups for name in group.model_fields}
    assert set(ROWS) == known
