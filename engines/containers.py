"""Containers by their labels: which there are, and an end to those that nobody needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress

from docker import DockerClient

from domain.errors import Conflict, NotFound
from engines.docker_api import address_of, translated
from engines.labels import SERVICE_NAME
from engines.swarm_api import Json

#: What a container carries: swarm's labels, too, if it made it.
Labels = Mapping[str, str]


class LabelledContainers:
    """The containers of this machine that carry some labels; nothing else is touched.

    :param labels: by their names; with the value that each must have, or "" for any.
    """

    def __init__(self, client: DockerClient, labels: Labels) -> None:
        self._client = client
        self._labels = [f"{name}={value}" if value else name for name, value in labels.items()]

    def running_services(self) -> set[str]:
        """The names of the services that have a container that runs."""
        return {each["Labels"][SERVICE_NAME] for each in self._listed(ended=False) if SERVICE_NAME in each["Labels"]}

    def remove(self, which: Callable[[Labels], bool]) -> None:
        """Remove those that run and those that have ended, without waiting for an end; what is going already is fine.

        :param which: whether it is one of them, by all of its labels; asked once it is known to be there.
        """
        for each in self._listed(ended=True):
            if which(each["Labels"]):
                with suppress(NotFound, Conflict), translated(address_of(self._client)):
                    self._client.api.remove_container(each["Id"], force=True, v=True)

    def _listed(self, *, ended: bool) -> list[Json]:
        with translated(address_of(self._client)):
            return list(self._client.api.containers(all=ended, filters={"label": self._labels}))
