"""What the engine tells of while it happens, counted: the one witness that something was not done again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from engines.docker_api import connect
from engines.labels import Label
from settings import StackSettings
from tests.e2e.application import Application


class EngineEvents:
    """Counts events by the name that each is given; one without a name does not count.

    :param name: an event's name, from the attributes that the engine tells and its ``action``.
    """

    def __init__(
        self, settings: StackSettings, filters: Mapping[str, str], name: Callable[[Mapping[str, str]], str]
    ) -> None:
        self._engine = connect(settings.docker_host)
        self._events = self._engine.events(decode=True, filters=dict(filters))
        self._name = name
        self._reader = threading.Thread(target=self._read, daemon=True)
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Counter[str]:
        self._reader.start()
        return self.counts

    def __exit__(self, *_: object) -> None:
        self._events.close()
        self._reader.join(10)
        self._engine.close()

    def _read(self) -> None:
        event: Any
        for event in self._events:
            name = self._name({"action": event["Action"], **event["Actor"]["Attributes"]})
            if name:
                self.counts[name] += 1


def suites_made(settings: StackSettings, application: Application) -> EngineEvents:
    """How often the container of each suite is made."""

    def name(told: Mapping[str, str]) -> str:
        ours = told.get(Label.APPLICATION) == application.name
        return told["name"].partition("-suite-")[2] if ours else ""

    return EngineEvents(settings, {"type": "container", "event": "create"}, name)


def images_built(settings: StackSettings, application: Application) -> EngineEvents:
    """How often each of an application's images, ``catalog`` or ``catalog/suite``, gets a tag.

    Every build ends with one, also a build of which the engine's cache had all steps.
    """

    def name(told: Mapping[str, str]) -> str:
        return told["name"].partition(f"/{application.name}/")[2].partition(":")[0]

    return EngineEvents(settings, {"type": "image", "event": "tag"}, name)
