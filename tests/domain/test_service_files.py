"""What a service's directory may hold, and where its links lead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import InvalidInput
from domain.service_files import FAULTS_LIMIT, FILES_LIMIT, SIZE_LIMIT, ServiceFiles, checked_files

FILES = frozenset({"service.yaml", "a/b/file", "file"})
LINKS = {
    "here": ".",
    "a/up": "..",
    "a/b/top": "../..",
    "hop": "a/up/file",
    "out": "..",
    "far": "here/a/up/here/../x",
    "absolute": "/etc",
}
PARTS = st.sampled_from(["a", "b", "file", "x", "..", ".", "", *(name.rpartition("/")[2] for name in LINKS)])


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same on a disk."""
    directory = tmp_path_factory.mktemp("root").resolve()
    for name in FILES:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).touch()
    for name, target in LINKS.items():
        (directory / name).symlink_to(target)
    return directory


@given(st.lists(PARTS, min_size=1, max_size=8).map(lambda parts: "/".join(parts).lstrip("/")))
def test_a_path_leads_where_the_file_system_says(root: Path, path: str) -> None:
    wanted = Path(os.path.realpath(root / path))

    found = ServiceFiles("cart", FILES, LINKS).behind(path)

    assert (root / found if found is not None else None) == (wanted if wanted.is_relative_to(root) else None)


def test_a_link_in_a_circle_leads_nowhere_but_not_out() -> None:
    files = ServiceFiles("cart", FILES, {"circle": "circle", "tick": "tock", "tock": "tick"})

    assert checked_files(files) is files
    assert files.behind("circle/../..") is None


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (ServiceFiles("cart", FILES, {"a/out": "../.."}), "cart/a/out: it is a link that leads out; expected a link"),
        (ServiceFiles(".", FILES, {"out": "/etc"}), "out: it is a link that leads out; expected a link"),
        (ServiceFiles("cart", FILES, submodules=frozenset({"a/sub"})), "cart/a/sub: it is a submodule; expected files"),
        (ServiceFiles("cart", FILES | {"a/../x"}), "cart/a/../x: it leads out of the directory; expected a path"),
        (ServiceFiles("cart", FILES | {"\ufffd"}), "cart/\ufffd: its name is not text; expected UTF-8"),
        (
            ServiceFiles("cart", frozenset({"file"})),
            "cart/service.yaml: no such file\n  expected: a service definition",
        ),
        (ServiceFiles("cart", FILES, size=SIZE_LIMIT + 1), "cart: the directory is too large\n  expected: at most"),
        (ServiceFiles("cart", FILES | {str(n) for n in range(FILES_LIMIT)}), "cart: the directory is too large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_released_is_named(files: ServiceFiles, expected: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked_files(files)

    assert str(caught.value).startswith(expected)


def test_what_is_wrong_all_over_is_told_in_a_page() -> None:
    with pytest.raises(InvalidInput) as caught:
        checked_files(ServiceFiles("cart", FILES, {f"out{number}": ".." for number in range(FAULTS_LIMIT + 7)}))

    lines = str(caught.value).splitlines()
    assert (len(lines), lines[-1]) == (FAULTS_LIMIT + 1, "and 7 more")
