"""The import rule where import-linter does not see it: inside of a module, and in modules without a package.

``pyproject.toml`` has the rest of the rule.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {path.name for path in ROOT.iterdir() if path.is_dir()} | {path.stem for path in ROOT.glob("*.py")}

#: Module → what of ours it may import. ``duties`` is the one that knows stores and engines.
COMPOSITION = {
    "settings": {"domain"},
    "telemetry": {"domain"},
    "duties": {"domain", "activities", "stores", "engines", "settings"},
    "worker": {"domain", "workflows", "duties", "settings", "telemetry"},
}


def test_workflows_import_of_activities_nothing_but_their_classes() -> None:
    imported = [each for file in (ROOT / "workflows").glob("*.py") for each in _imports(file)]
    of_activities = {(module, name) for module, name in imported if module.partition(".")[0] == "activities"}

    assert len(of_activities) > 10
    assert [each for each in of_activities if not _has_activities(*each)] == []


@pytest.mark.parametrize(("module", "allowed"), COMPOSITION.items(), ids=COMPOSITION.keys())
def test_what_composes_imports_only_what_it_composes(module: str, allowed: set[str]) -> None:
    files = [*(ROOT / module).glob("*.py")] or [ROOT / f"{module}.py"]
    imported = {name.partition(".")[0] for file in files for name, _ in _imports(file)}

    assert (imported & OURS) - {module} <= allowed


def _imports(file: Path) -> Iterator[tuple[str, str]]:
    """Module and name of each import; the name is empty when it is the module itself."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", each.name) for each in node.names)


def _has_activities(module: str, name: str) -> bool:
    """Whether the name is a class, and one of its methods an activity."""
    found = getattr(importlib.import_module(module), name or "?", None)
    methods = inspect.getmembers(found, inspect.isfunction) if inspect.isclass(found) else []
    return any(hasattr(method, "__temporal_activity_definition") for _, method in methods)
