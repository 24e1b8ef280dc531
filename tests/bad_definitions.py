"""Service directories that are refused, each with how its message begins: file, line, key, what was expected."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

DIRECTORY = "catalog"
FILE = f"{DIRECTORY}/service.yaml"

LEADS_OUT = "it is a link that leads out; expected a link that stays inside the service's directory"
NO_FILE = "expected a file inside the context"

#: Changes a copy of ``examples/shop``.
Change = Callable[[Path], None]


def replaced(old: str, new: str) -> Change:
    """Another text in the definition."""

    def change(shop: Path) -> None:
        text = (shop / FILE).read_text()
        assert old in text
        (shop / FILE).write_text(text.replace(old, new, 1))

    return change


def appended(text: str | bytes) -> Change:
    """More at the end of the definition, on line 21."""

    def change(shop: Path) -> None:
        with (shop / FILE).open("ab") as file:
            file.write(text if isinstance(text, bytes) else text.encode())

    return change


def removed(name: str) -> Change:
    """A file of the service less."""

    def change(shop: Path) -> None:
        (shop / DIRECTORY / name).unlink()

    return change


def linked(name: str, target: str) -> Change:
    """A link in the place of a file, or beside all files."""

    def change(shop: Path) -> None:
        (shop / DIRECTORY / name).unlink(missing_ok=True)
        (shop / DIRECTORY / name).symlink_to(target)

    return change


def in_order(*changes: Change) -> Change:
    """Several changes."""

    def change(shop: Path) -> None:
        for each in changes:
            each(shop)

    return change


def _made_a_directory(shop: Path) -> None:
    (shop / FILE).unlink()
    (shop / FILE).mkdir()
    (shop / FILE / "more").write_text("role: catalog")


def _with_a_dockerfile_elsewhere(shop: Path) -> None:
    (shop / DIRECTORY / "Dockerfile").rename(shop / DIRECTORY / "tests" / "Other")
    replaced("context: .,", "context: tests/integration,")(shop)
    linked("tests/integration/Dockerfile", "../Other")(shop)


BAD_DEFINITIONS: dict[str, tuple[Change, str]] = {
    "unknown key": (appended("colour: red\n"), f"{FILE}:21: colour: unknown key; expected one of application, batch,"),
    "duplicate key": (
        appended("port: 80\n"),
        f"{FILE}:21: port: duplicate key; expected each key once (first on line 11)",
    ),
    "wrong type": (
        replaced("port: 8080", 'port: "8080"'),
        f'{FILE}:11: port: "8080"; expected a whole number, without quotes',
    ),
    "no definition": (
        removed("service.yaml"),
        f"{FILE}: no such file\n  expected: a service definition, as a plain file",
    ),
    "definition is a link": (
        in_order(linked("other.yaml", "Dockerfile"), linked("service.yaml", "other.yaml")),
        f"{FILE}: it is a link\n  expected: a service definition, as a plain file",
    ),
    "definition is a link out": (
        linked("service.yaml", "../cart/service.yaml"),
        f"{FILE}: {LEADS_OUT}",
    ),
    "definition is a directory": (
        _made_a_directory,
        f"{FILE}: it is a directory\n  expected: a service definition, as a plain file",
    ),
    "not text": (appended(b"# \xff\n"), f"{FILE}:21: not text; expected UTF-8"),
    "invalid YAML": (appended("monitors: [\n"), f"{FILE}:22: not YAML: "),
    "a bomb": (appended("x: &a [1]\ny: *a\n"), f"{FILE}:22: alias *a; expected the value written out"),
    "capitals": (
        replaced("role: catalog", "role: Catalog"),
        f'{FILE}:2: role: "Catalog"; expected lower-case words of letters and digits, joined by single hyphens',
    ),
    "too long": (replaced("role: catalog", f"role: {'c' * 60}"), f'{FILE}:2: role: "{"c" * 60}"; expected at most'),
    "context leads out": (
        replaced("context: .,", "context: ../x,"),
        f'{FILE}:6: build.context: "../x"; expected a relative path inside the service\'s directory, without ..',
    ),
    "Dockerfile leads out": (
        replaced("context: ., dockerfile: Dockerfile", "context: tests, dockerfile: ../Dockerfile"),
        f'{FILE}:6: build.dockerfile: "../Dockerfile"; expected a relative path inside the context, without ..',
    ),
    "no context": (
        replaced("context: .,", "context: src,"),
        f"{FILE}:6: build.context: there is no directory src; expected a directory inside the service's directory",
    ),
    "no Dockerfile": (
        removed("Dockerfile"),
        f"{FILE}:6: build.dockerfile: there is no file Dockerfile; expected a file inside the context",
    ),
    "no Dockerfiles": (
        in_order(removed("Dockerfile"), removed("tests/integration/Dockerfile")),
        (
            f"{FILE}:6: build.dockerfile: there is no file Dockerfile; {NO_FILE}\n"
            f"{FILE}:8: tests.integration.dockerfile: there is no file tests/integration/Dockerfile; {NO_FILE}"
        ),
    ),
    "Dockerfile is a link out": (
        linked("Dockerfile", "../cart/Dockerfile"),
        f"{DIRECTORY}/Dockerfile: {LEADS_OUT}",
    ),
    "Dockerfile is a link out of the context": (
        _with_a_dockerfile_elsewhere,
        f"{FILE}:6: build.dockerfile: tests/integration/Dockerfile leads to no file of the context; {NO_FILE}",
    ),
    "a link out": (
        linked("leak", "../../../etc/hostname"),
        f"{DIRECTORY}/leak: {LEADS_OUT}",
    ),
    "an absolute link": (
        linked("leak", "/etc/hostname"),
        f"{DIRECTORY}/leak: {LEADS_OUT}",
    ),
    "too large": (
        appended("# " + "x" * 262_144 + "\n"),
        f"{FILE}:21: too large; expected at most 256 KiB",
    ),
}
