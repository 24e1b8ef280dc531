"""Requests without an end, what became of them, and who answered."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus

from starter.demo_load import DemoLoad

#: Fewer requests than this during a release prove nothing.
ENOUGH = 20


class Load(DemoLoad):
    """``texts`` counts by what an answer with 200 said."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.texts: Counter[str] = Counter()

    @property
    def lost(self) -> int:
        """How many requests were not answered with 200."""
        return self.answers.total() - self.answers["200"]

    def hear(self, status: int, body: bytes) -> None:
        super().hear(status, body)
        if status == HTTPStatus.OK:
            self.texts[body.decode()] += 1
