"""A queue that shows late, or never, what it was told: AWS takes a minute, and no local server does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from domain.errors import InvalidInput
from engines import sqs_queues
from engines.aws import Access
from engines.sqs_queues import SqsQueues

TOLD = {"VisibilityTimeout": "30"}


class Showing(SqsQueues):
    """Shows one after the other, and the last one from then on."""

    def __init__(self, *shown: Mapping[str, str]) -> None:
        super().__init__(Access(endpoint="http://127.0.0.1:1", access_key="a", secret_key="b", region="us-east-1"))
        self.looks = 0
        self._shown = list(shown)

    def _present(self, url: str, name: str) -> dict[str, str]:
        self.looks += 1
        return dict(self._shown.pop(0) if len(self._shown) > 1 else self._shown[0])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs_queues, "POLL", 0.01)


def test_what_it_was_told_is_waited_for() -> None:
    queues = Showing({"VisibilityTimeout": "10"}, {}, TOLD)
    queues._require_kept("url", "jobs", TOLD)
    assert queues.looks == 3


def test_what_it_never_shows_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqs_queues, "KEPT_WITHIN", 0.1)
    queues = Showing({"VisibilityTimeout": "10"})
    with pytest.raises(InvalidInput, match="queue jobs: it does not keep VisibilityTimeout"):
        queues._require_kept("url", "jobs", TOLD)
    assert queues.looks > 1
