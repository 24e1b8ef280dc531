"""The example of docs/monitors.md is what it says."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from domain.batch_rules import BatchRules
from domain.monitor_rules import MEASURED, REQUESTS
from domain.service import Kind
from domain.standard_monitors import BY_KIND
from examples.repository import make_repository
from starter.cli import app
from tests.monitors import definition

PAGE = (Path(__file__).parents[2] / "docs" / "monitors.md").read_text()
FILES = dict(re.findall(r"^`monitors/(\w+\.yaml)`:\n\n```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
GOOD, BAD = re.findall(r"^\$ onward check cart\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def monitors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the example, with the page's files."""
    make_repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    for file, text in FILES.items():
        (tmp_path / "cart" / "monitors" / file).write_text(text)
    return tmp_path / "cart" / "monitors"


def test_its_files_pass_and_are_shown_as_they_are(monitors: Path) -> None:
    assert len(FILES) == 2
    assert CliRunner().invoke(app, ["check", "cart"]).stdout == GOOD


def test_its_fault_is_told_as_shown(monitors: Path) -> None:
    rules = monitors / "cart.yaml"
    rules.write_text(rules.read_text().replace("> 0.1", "> 1"))

    assert CliRunner().invoke(app, ["check", "cart"]).stderr == BAD


def test_it_lists_all_standard_monitors_and_annotations() -> None:
    scheduled = definition().model_copy(update={"batch": BatchRules(late_after=timedelta(hours=1))})
    names = {each.rule.alert for make in BY_KIND.values() for each in make(scheduled)}
    listed = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE))

    assert Kind.SERVICE in BY_KIND
    assert listed == names | {MEASURED, REQUESTS}
