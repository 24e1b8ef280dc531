"""Tells people through Apprise: https://github.com/caronc/apprise."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
from collections.abc import Iterator

import apprise
from apprise.common import OverflowMode
from pydantic import SecretStr

from domain.notice import Event, Notice, Severity
from domain.notifier import Undelivered

#: Seconds that one channel has. Apprise's own bounds are per read, and a server that drips has many.
PATIENCE = 10.0

LOG = logging.getLogger("apprise")

_KINDS = {Severity.CRITICAL: apprise.NotifyType.FAILURE, Severity.WARNING: apprise.NotifyType.WARNING}

#: What may become right by itself: a time-out, too many requests.
_PASSING = frozenset({408, 425, 429})


class AppriseNotifier:
    """One Apprise object per message. Nothing that Apprise says is logged, as it may quote a URL.

    :param patience: seconds that one channel has. One that has not answered then may still take the
        message afterwards: nobody can know.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._asset = apprise.AppriseAsset(app_id="Onward", app_desc="Onward", app_url="")
        LOG.propagate = False

    def understands(self, url: SecretStr) -> bool:
        """Whether Apprise knows the scheme and has all that it needs; nothing is sent."""
        return self._plugin(url) is not None

    def send(self, url: SecretStr, notice: Notice) -> Undelivered | None:
        """Tell one channel. Every other error is taken for one that may pass; a 4xx does not."""
        answers: list[Undelivered | None] = []
        # Not to be joined for ever, and not to keep the process: a channel may never answer.
        thread = threading.Thread(target=lambda: answers.append(self._sent(url, notice)), daemon=True)
        thread.start()
        thread.join(self._patience)
        return answers[0] if answers else Undelivered(f"no answer in {self._patience:g} s")

    def _sent(self, url: SecretStr, notice: Notice) -> Undelivered | None:
        try:
            plugin = self._plugin(url)
            if plugin is None:
                return Undelivered("Apprise does not understand the URL", final=True)
            if plugin.overflow_mode is OverflowMode.UPSTREAM:
                plugin.overflow_mode = OverflowMode.TRUNCATE  # a text too long would be refused whole
            kind = apprise.NotifyType.SUCCESS if notice.event is Event.CLOSED else _KINDS[notice.severity]
            with _heard() as statuses:
                taken = plugin.notify(
                    title=notice.title, body=notice.body, notify_type=kind, body_format=apprise.NotifyFormat.TEXT
                )
        except Exception as error:  # noqa: BLE001 – a plugin of Apprise may raise anything, with the URL in its text
            return Undelivered(type(error).__name__)
        return None if taken else _reason(statuses)

    def _plugin(self, url: SecretStr) -> apprise.NotifyBase | None:
        return apprise.Apprise.instantiate(url.get_secret_value(), asset=self._asset)


def _reason(statuses: list[int]) -> Undelivered:
    if not statuses:
        return Undelivered("it cannot be reached, or refuses")
    final = all(400 <= status < 500 and status not in _PASSING for status in statuses)
    return Undelivered(f"status {', '.join(str(status) for status in statuses)}", final=final)


@contextlib.contextmanager
def _heard() -> Iterator[list[int]]:
    """The HTTP statuses that Apprise complains of in this thread; that is all that is kept of its words."""
    statuses: list[int] = []
    here = threading.get_ident()

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = re.search(r"error=(\d{3})\b", record.getMessage()) if record.thread == here else None
            if found:
                statuses.append(int(found[1]))

    ear = Ear(logging.WARNING)
    LOG.addHandler(ear)
    try:
        yield statuses
    finally:
        LOG.removeHandler(ear)
