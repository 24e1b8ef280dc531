"""An edge that runs, as its tests see it."""

from __future__ import annotations

from dataclasses import dataclass

import requests


@dataclass(frozen=True)
class Edge:
    """A running edge of ci."""

    url: str
    metrics_url: str

    def text(self, path: str) -> str:
        """What a path answers, or its status when that is not 200."""
        answer = requests.get(self.url + path, timeout=10)
        return answer.text if answer.status_code == 200 else str(answer.status_code)


def answers(url: str) -> bool:
    """Whether something there is well."""
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False
