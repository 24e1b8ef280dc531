"""Swarm's service calls, typed: the stubs of docker-py leave them open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol, cast

import requests
from docker import DockerClient

from domain.errors import NotFound
from engines.docker_api import CONNECT_TIMEOUT, address_of, translated
from engines.health import last_complaint
from engines.labels import require_own

#: JSON objects of the Docker Engine API: ``Service``, ``Task``, ``ServiceSpec``.
Json = dict[str, Any]


#: Seconds without another line after which a task's output is taken to be all there.
SILENCE = 5

#: The same for the rest of what a task has printed that has ended.
REST = 2


class _ServiceCalls(Protocol):
    """What of docker-py's ``APIClient`` is used here."""

    base_url: str
    api_version: str

    def create_service(self, task_template: Json, **parts: Any) -> Json: ...

    def update_service(self, service: str, version: int, task_template: Json, **parts: Any) -> Json: ...

    def remove_service(self, service: str) -> bool: ...

    def inspect_service(self, service: str) -> Json: ...

    def services(self, filters: Mapping[str, Any]) -> list[Json]: ...

    def tasks(self, filters: Mapping[str, Any]) -> list[Json]: ...

    def inspect_container(self, container: str) -> Json: ...

    def get(
        self, url: str, *, params: Mapping[str, Any], stream: bool, timeout: tuple[int, int]
    ) -> requests.Response: ...


class SwarmServices:
    """The services of one swarm; errors are the domain's (:func:`engines.docker_api.translated`)."""

    def __init__(self, client: DockerClient) -> None:
        self._calls = cast(_ServiceCalls, client.api)
        self._address = address_of(client)

    def find(self, name: str) -> Json | None:
        """The service of a name, or ``None``."""
        try:
            with translated(self._address):
                return self._calls.inspect_service(name)
        except NotFound:
            return None

    def own(self, stack: str, name: str) -> Json | None:
        """The service of a name, or ``None``; :raises ForeignResource: it is not this stack's."""
        found = self.find(name)
        if found is not None:
            require_own(found["Spec"]["Labels"] or {}, stack, f"service {name}", removal=f"docker service rm {name}")
        return found

    def labelled(self, labels: Mapping[str, str]) -> list[Json]:
        """The services that carry all of some labels."""
        with translated(self._address):
            return self._calls.services(filters={"label": [f"{name}={value}" for name, value in labels.items()]})

    def tasks(self, services: Sequence[Json]) -> dict[str, list[Json]]:
        """The tasks that swarm remembers, from the oldest to the newest, by the service's ID."""
        tasks: dict[str, list[Json]] = {service["ID"]: [] for service in services}
        if services:
            with translated(self._address):
                listed = self._calls.tasks(filters={"service": list(tasks)})
            for task in sorted(listed, key=lambda task: str(task["CreatedAt"])):
                tasks[task["ServiceID"]].append(task)
        return tasks

    def labelled_tasks(self, labels: Mapping[str, str]) -> list[Json]:
        """The tasks of services that carry all of some labels, or did: those of removed ones end in their own time."""
        with translated(self._address):
            return self._calls.tasks(filters={"label": [f"{name}={value}" for name, value in labels.items()]})

    def create(self, spec: Json) -> None:
        """Make a service; :raises Conflict: one of that name is there."""
        with translated(self._address):
            self._calls.create_service(spec["TaskTemplate"], **_parts(spec))

    def update(self, current: Json, spec: Json) -> None:
        """Replace what was read as ``current``; :raises Conflict: it is no longer what is there."""
        with translated(self._address):
            self._calls.update_service(current["ID"], current["Version"]["Index"], spec["TaskTemplate"], **_parts(spec))

    def remove(self, name: str) -> None:
        """Remove a service; :raises NotFound: there is none."""
        with translated(self._address):
            self._calls.remove_service(name)

    def failed_check(self, task: Json) -> str:
        """What the last health check of a task's container printed, if it failed.

        Only for containers of the machine that answers: swarm itself does not keep it.
        """
        container = task["Status"].get("ContainerStatus", {}).get("ContainerID")
        try:
            with translated(self._address):
                inspected = self._calls.inspect_container(container) if container else {}
        except NotFound:
            return ""
        return last_complaint(inspected.get("State", {}).get("Health", {}).get("Log") or [])

    def output(self, task: str, lines: int) -> bytes:
        """The last lines of one task, as the engine's frames; nothing of a task that is gone.

        Asked for those of a whole service, an engine with some hundred lines in several tasks often
        stops in the middle and never ends its answer. docker-py can ask for nothing else.
        """
        url = f"{self._calls.base_url}/v{self._calls.api_version}/tasks/{task}/logs"
        params = {"stdout": 1, "stderr": 1, "tail": lines}
        content = bytearray()
        with (
            translated(self._address),
            self._calls.get(url, params=params, stream=True, timeout=(CONNECT_TIMEOUT, SILENCE)) as answer,
        ):
            if answer.status_code == HTTPStatus.NOT_FOUND:
                return b""
            answer.raise_for_status()
            with suppress(requests.ConnectionError):  # silent for too long: what has come is worth having
                for part in answer.iter_content(None):
                    content += part
        return bytes(content)

    @contextmanager
    def stamped_output(self, task: str, since: datetime | None, *, follow: bool) -> Iterator[Iterator[bytes]]:
        """A task's output in the engine's frames, each line with its time in front, as it comes.

        It ends after some seconds of silence, never with the task; nothing comes of a task that is gone.

        :param since: of lines from the second of this time on.
        :param follow: wait for what the task prints later.
        """
        url = f"{self._calls.base_url}/v{self._calls.api_version}/tasks/{task}/logs"
        params = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow)}
        if since is not None:
            params["since"] = int(since.timestamp())
        timeout = (CONNECT_TIMEOUT, SILENCE if follow else REST)
        with (
            translated(self._address),
            self._calls.get(url, params=params, stream=True, timeout=timeout) as answer,
        ):
            if answer.status_code == HTTPStatus.NOT_FOUND:
                yield iter(())
                return
            answer.raise_for_status()
            with suppress(requests.ConnectionError):
                yield answer.iter_content(None)


def _parts(spec: Json) -> Json:
    """A ``ServiceSpec`` in the words of docker-py, which has a parameter for each of its parts."""
    return {
        "name": spec["Name"],
        "labels": spec["Labels"],
        "mode": spec["Mode"],
        "update_config": spec.get("UpdateConfig"),
        "endpoint_spec": spec["EndpointSpec"],
    }
