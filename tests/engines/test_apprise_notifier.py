"""Apprise against real servers on this machine: one that takes the notice, and those that do not."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from domain.notice import Event, Notice, Severity
from domain.notifier import Undelivered
from engines.apprise_notifier import AppriseNotifier

SECRET = "very-secret-token"
NOTICE = Notice(
    id="1",
    application="shop",
    role="cart",
    event=Event.OPENED,
    severity=Severity.CRITICAL,
    title="shop-cart failed in prod",
    body="verify prod: no answer",
)


class Hook:
    """A server that answers with a status, or never."""

    def __init__(self) -> None:
        self.status = 200
        self.hangs = threading.Event()
        self.released = threading.Event()
        self.taken: list[dict[str, str]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.hangs.is_set():
                    hook.released.wait(30)
                    return
                hook.taken.append(json.loads(body))
                self.send_response(hook.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True

    @property
    def url(self) -> SecretStr:
        return SecretStr(f"json://user:{SECRET}@127.0.0.1:{self.server.server_address[1]}/{SECRET}")


@pytest.fixture
def hook() -> Iterator[Hook]:
    hook = Hook()
    thread = threading.Thread(target=hook.server.serve_forever, args=(0.05,))
    thread.start()
    yield hook
    hook.released.set()
    hook.server.shutdown()
    thread.join()
    hook.server.server_close()


def test_a_notice_arrives_with_its_title_its_body_and_how_urgent_it_is(hook: Hook) -> None:
    assert AppriseNotifier().send(hook.url, NOTICE) is None
    assert AppriseNotifier().send(hook.url, NOTICE.model_copy(update={"event": Event.CLOSED})) is None

    assert [(one["title"], one["message"], one["type"]) for one in hook.taken] == [
        (NOTICE.title, NOTICE.body, "failure"),
        (NOTICE.title, NOTICE.body, "success"),
    ]


@pytest.mark.parametrize(("status", "final"), [(500, False), (503, False), (429, False), (403, True), (404, True)])
def test_a_status_says_whether_trying_again_can_help(hook: Hook, status: int, final: bool) -> None:
    hook.status = status

    assert AppriseNotifier().send(hook.url, NOTICE) == Undelivered(f"status {status}", final=final)


def test_a_channel_that_never_answers_holds_nobody_up(hook: Hook) -> None:
    hook.hangs.set()
    began = time.monotonic()

    assert AppriseNotifier(patience=0.5).send(hook.url, NOTICE) == Undelivered("no answer in 0.5 s")
    assert time.monotonic() - began < 3


def test_a_port_that_nobody_listens_on_may_be_listened_on_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    refused = AppriseNotifier().send(SecretStr(f"json://user:{SECRET}@127.0.0.1:{port}/{SECRET}"), NOTICE)

    assert refused == Undelivered("it cannot be reached, or refuses")


def test_what_two_channels_say_at_once_is_not_mixed_up(hook: Hook) -> None:
    good = Hook()
    serving = threading.Thread(target=good.server.serve_forever, args=(0.05,))
    serving.start()
    hook.status = 404
    answers: dict[str, list[Undelivered | None]] = {"good": [], "bad": []}
    notifier = AppriseNotifier()

    def tell(name: str, url: SecretStr) -> None:
        for _ in range(10):
            answers[name].append(notifier.send(url, NOTICE))

    threads = [threading.Thread(target=tell, args=one) for one in (("good", good.url), ("bad", hook.url))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    good.server.shutdown()
    serving.join()
    good.server.server_close()

    assert answers == {"good": [None] * 10, "bad": [Undelivered("status 404", final=True)] * 10}


@pytest.mark.parametrize("status", [200, 500])
def test_what_apprise_says_reaches_no_log(hook: Hook, status: int, capfd: pytest.CaptureFixture[str]) -> None:
    """A worker's handler is the root's. Not ``caplog``: pytest listens to each logger by itself."""
    hook.status = status
    kept: list[str] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record.getMessage())

    handler = Keeping()
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        AppriseNotifier().send(hook.url, NOTICE)
        AppriseNotifier().understands(SecretStr(f"json://user:{SECRET}@/"))
    finally:
        root.removeHandler(handler)
        root.setLevel(before)

    assert kept == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("url", "understood"),
    [
        ("json://127.0.0.1/x", True),
        ("mailto://user:password@example.test", True),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/#general", True),
        ("slack://not-enough", False),
        ("nothing://127.0.0.1", False),
        ("plain words", False),
        ("", False),
    ],
)
def test_a_url_is_understood_before_anything_is_sent(url: str, understood: bool) -> None:
    assert AppriseNotifier().understands(SecretStr(url)) is understood


def test_a_url_that_is_not_understood_is_final() -> None:
    undelivered = AppriseNotifier().send(SecretStr(f"nothing://{SECRET}"), NOTICE)

    assert undelivered == Undelivered("Apprise does not understand the URL", final=True)
