"""Requests without a pause, what became of them, and who answered."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

PAUSE = 0.01

#: Fewer requests than this during a release prove nothing.
ENOUGH = 20


class Load:
    """Asks one URL again and again, one request after the other, each on a new connection.

    ``answers`` counts by status or error, ``texts`` by what an answer with 200 said.
    """

    def __init__(self, url: str) -> None:
        self.answers: Counter[str] = Counter()
        self.texts: Counter[str] = Counter()
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
                response = connection.getresponse()
                text = response.read().decode()
                self.answers[str(response.status)] += 1
                if response.status == HTTPStatus.OK:
                    self.texts[text] += 1
            except (OSError, http.client.HTTPException) as error:
                self.answers[type(error).__name__] += 1
            finally:
                connection.close()
            time.sleep(PAUSE)
