"""Git servers that are not there, want something, or say nothing; and a cancel meanwhile."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from domain.errors import InvalidInput, Unreachable
from domain.progress import Progress
from stores.git import GitRepositories
from tests.fakes.progress import Cancelled, CancelledProgress
from tests.free_ports import free_ports
from tests.stores.repository import NOWHERE, Locked, web_server


def test_what_is_no_repository_cannot_be_read(repositories: GitRepositories, tmp_path: Path) -> None:
    for address in (str(tmp_path), (tmp_path / "nowhere").as_uri()):
        with pytest.raises(InvalidInput, match="cannot be read") as caught:
            repositories.files(address, NOWHERE, "cart")
        assert address in str(caught.value)


def test_credentials_in_a_url_are_never_shown(repositories: GitRepositories, tmp_path: Path) -> None:
    secret = "s3cr3t-t0ken"
    with web_server(tmp_path) as address:
        for host in (address, f"http://127.0.0.1:{free_ports(1)[0]}"):
            with pytest.raises((InvalidInput, Unreachable)) as caught:
                repositories.files(host.replace("//", f"//user:{secret}@") + "/x", NOWHERE, "cart")
            assert secret not in str(caught.value)
            assert f"{host}/x" in str(caught.value)


def test_a_server_that_wants_credentials_is_not_asked_for_ever(repositories: GitRepositories, tmp_path: Path) -> None:
    with web_server(tmp_path, Locked) as address, pytest.raises(InvalidInput, match="cannot be read"):
        repositories.files(f"{address}/x", NOWHERE, "cart")


@pytest.mark.parametrize("scheme", ["http", "git", "ssh"])
def test_a_server_that_is_down_is_unreachable(repositories: GitRepositories, scheme: str) -> None:
    address = f"{scheme}://127.0.0.1:{free_ports(1)[0]}/shop"
    with pytest.raises(Unreachable, match=f"git at {address} does not answer: "):
        repositories.files(address, NOWHERE, "cart")


def test_a_host_that_does_not_exist_is_unreachable(repositories: GitRepositories) -> None:
    with pytest.raises(Unreachable, match=r"git at https://nowhere.invalid/shop does not answer"):
        repositories.files("https://nowhere.invalid/shop", NOWHERE, "cart")


@pytest.mark.server
def test_a_server_that_says_nothing_is_soon_unreachable(repositories: GitRepositories) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        begin = time.monotonic()
        with pytest.raises(Unreachable, match="no answer"):
            repositories.files(f"http://127.0.0.1:{listener.getsockname()[1]}/shop", NOWHERE, "cart")
        assert time.monotonic() - begin < 10


Call = Callable[[GitRepositories, str, Progress], object]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda git, address, progress: git.files(address, NOWHERE, "cart", progress), id="files"),
        pytest.param(
            lambda git, address, progress: git.checkout(address, NOWHERE, "cart", Path("/nowhere"), progress),
            id="checkout",
        ),
        pytest.param(
            lambda git, address, progress: git.is_ancestor(address, NOWHERE, "0" * 40, progress), id="is_ancestor"
        ),
        pytest.param(lambda git, address, progress: git.changes(address, None, NOWHERE, 9, progress), id="changes"),
    ],
)
def test_a_cancel_ends_git_while_it_waits_for_a_server(repositories: GitRepositories, call: Call) -> None:
    progress = CancelledProgress("asked")
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/shop"
        left = pool.submit(_asked_and_left, listener, progress)
        with pytest.raises(Cancelled):
            call(repositories, address, progress)

        assert left.result(30), "git's helper still waits for its answer"


def _asked_and_left(listener: socket.socket, progress: CancelledProgress) -> bool:
    """Say so when somebody asks, and give no answer: whether who asked went away."""
    with listener.accept()[0] as connection:
        progress.say("asked")
        connection.settimeout(10)
        with suppress(ConnectionResetError):
            while connection.recv(65536):
                continue
    return True
