"""Customers of the demo's shop: requests without an end, and how they were answered."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

#: Seconds between an answer and the next request.
PAUSE = 0.02
TIMEOUT = 10


class DemoLoad:
    """Asks one URL again and again until the end of the block, each time on a new connection.

    ``answers`` counts by status or error.
    """

    def __init__(self, url: str) -> None:
        self.answers: Counter[str] = Counter()
        self._url = urlsplit(url)
        self._told: Counter[str] = Counter()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    def since(self) -> tuple[int, int]:
        """How many requests were made since this was last asked, and how many of them were not answered with 200."""
        answers = Counter(self.answers)
        new, self._told = answers - self._told, answers
        return new.total(), new.total() - new[str(HTTPStatus.OK.value)]

    def hear(self, status: int, body: bytes) -> None:  # noqa: ARG002 – for who wants to know
        """One request was answered."""
        self.answers[str(status)] += 1

    def _ask(self) -> None:
        while not self._stop.wait(PAUSE):
            connection = http.client.HTTPConnection(self._url.hostname or "", self._url.port, timeout=TIMEOUT)
            try:
                connection.request("GET", self._url.path)
                response = connection.getresponse()
                self.hear(response.status, response.read())
            except (OSError, http.client.HTTPException) as error:
                self.answers[type(error).__name__] += 1
            finally:
                connection.close()
