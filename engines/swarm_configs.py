"""Files that swarm keeps and gives to a service's tasks."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from docker import DockerClient

from domain.errors import Conflict, InvalidInput, NotFound
from engines.docker_api import address_of, translated
from engines.labels import Label


class SwarmConfigs:
    """The configs of one stack. None can be changed, so that other content is to have another name."""

    def __init__(self, client: DockerClient, stack: str) -> None:
        self._client = client
        self._stack = stack

    def ensure(self, name: str, content: str) -> str:
        """Have the config, with the stack's label; its ID."""
        labels = {Label.STACK.value: self._stack}
        with suppress(Conflict), translated(address_of(self._client)):  # it is there
            self._client.configs.create(name=name, data=content.encode(), labels=labels)
        return self._named(name)[name]

    def forget(self, prefix: str, *, but: Collection[str] = ()) -> None:
        """Remove the configs whose names begin so, except for some; what a service has stays."""
        for name, identifier in self._named(prefix).items():
            if name not in but:
                with suppress(NotFound, InvalidInput), translated(address_of(self._client)):
                    self._client.configs.get(identifier).remove()

    def _named(self, prefix: str) -> dict[str, str]:
        """Name → ID."""
        with translated(address_of(self._client)):
            found = self._client.configs.list(filters={"name": prefix})  # swarm takes it for a prefix
            return {each.name: str(each.attrs["ID"]) for each in found}
