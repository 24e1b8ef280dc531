"""Requests without a pause, and what became of them."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

PAUSE = 0.01


class Load:
    """Asks one URL again and again, one request after the other, each on a new connection."""

    def __init__(self, url: str) -> None:
        self.answers: Counter[str] = Counter()
        self._url = urlsplit(url)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def lost(self) -> int:
        """How many requests were not answered with 200."""
        return self.answers.total() - self.answers["200"]

    def _ask(self) -> None:
        while not self._stop.is_set():
            connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=10)
            try:
                connection.request("GET", self._url.path)
                self.answers[str(connection.getresponse().status)] += 1
            except (OSError, http.client.HTTPException) as error:
                self.answers[type(error).__name__] += 1
            finally:
                connection.close()
            time.sleep(PAUSE)
