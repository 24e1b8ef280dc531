"""What Onward needs of whoever tells people: the interface, in Onward's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pydantic import SecretStr

from domain.notice import Notice


@dataclass(frozen=True)
class Undelivered:
    """Why a channel did not take a notice; holds no part of its URL. ``final``: trying again cannot help."""

    reason: str
    final: bool = False


class Notifier(Protocol):
    """Tells people through one channel at a time."""

    def understands(self, url: SecretStr) -> bool:
        """Whether the URL names a channel that can be told at all; nothing is sent."""

    def send(self, url: SecretStr, notice: Notice) -> Undelivered | None:
        """Tell one channel; ``None`` when it took the notice. Returns in bounded time and raises nothing."""
