"""The example application as a git repository: for the demo and for tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

SHOP = Path(__file__).with_name("shop")
AUTHOR = ("-c", "user.name=Example", "-c", "user.email=example@example.test", "-c", "commit.gpgsign=false")


def make_repository(target: Path, application: str = "shop") -> str:
    """Make ``target`` a git repository that holds the example; the commit's SHA-1.

    Under another application name everything that the edge serves moves below ``/<application>``,
    so that several copies can share one edge. A repository that is there gets a commit if the
    example changed, and none if not.
    """
    target.mkdir(parents=True, exist_ok=True)
    if not (target / ".git").is_dir():
        _git(target, "init", "--quiet", "--initial-branch=main")
    shutil.copytree(SHOP, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    if application != "shop":
        _rename(target, application)
    return _commit(target, "The shop")


def commit_change(target: Path, file: str, old: str, new: str, message: str) -> str:
    """Replace a text that stands in a file exactly once, and commit; the commit's SHA-1."""
    path = target / file
    text = path.read_text()
    if text.count(old) != 1:
        raise ValueError(f"{file} has {old!r} {text.count(old)} times, not once")
    path.write_text(text.replace(old, new))
    return _commit(target, message)


def change_prices(target: Path) -> str:
    """One line of the catalog changes: tea gets more expensive."""
    path = target / "catalog" / "app.py"
    lines = path.read_text().splitlines(keepends=True)
    index = next(index for index, line in enumerate(lines) if '"tea"' in line)
    price = int(lines[index].rpartition(": ")[2].strip(" },\n"))
    lines[index] = lines[index].replace(str(price), str(price + 10))
    path.write_text("".join(lines))
    return _commit(target, "Raise the price of tea")


def _rename(target: Path, application: str) -> None:
    for definition in target.glob("*/service.yaml"):
        text = definition.read_text().replace("application: shop", f"application: {application}")
        for path in ("/catalog", "/cart"):
            text = text.replace(f"PREFIX: {path}", f"PREFIX: /{application}{path}")
            text = text.replace(f"ingress: {{path: {path}}}", f"ingress: {{path: /{application}{path}}}")
        definition.write_text(text.replace("ingress: {path: /}", f"ingress: {{path: /{application}}}"))
    for role in ("catalog", "cart"):
        suite = target / role / "tests" / "integration" / f"test_{role}.py"
        suite.write_text(suite.read_text().replace(f'"/{role}")', f'"/{application}/{role}")'))
    page = target / "web" / "src" / "index.html"
    page.write_text(page.read_text().replace('="/', f'="/{application}/'))


def _commit(target: Path, message: str) -> str:
    _git(target, "add", "--all")
    if _git(target, "status", "--porcelain"):
        _git(target, *AUTHOR, "commit", "--quiet", "--message", message)
    return _git(target, "rev-parse", "HEAD")


def _git(target: Path, *words: str) -> str:
    done = subprocess.run(["git", "-C", str(target), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()
