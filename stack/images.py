"""Images that come from a public registry, on machines that may not reach one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from docker import DockerClient

from domain.errors import NotFound, OnwardError
from engines.docker_api import address_of, translated
from stack.places import Machine, read_json

#: Seconds in which a registry must say that it has the image; the pull itself takes what it takes.
CONTACT_TIMEOUT = 10
PULL_TIMEOUT = 600

#: After a failure nobody asks the same registry for this long: a closed machine stays closed.
RETRY_AFTER = timedelta(hours=1)

PUBLIC = "docker.io"


class Images:
    """What the engine has, or can pull."""

    def __init__(self, client: DockerClient, machine: Machine) -> None:
        self._client = client
        self._machine = machine

    def has(self, reference: str) -> bool:
        """Whether the engine holds the image already."""
        try:
            with translated(address_of(self._client)):
                self._client.images.get(reference)
        except NotFound:
            return False
        return True

    def obtained(self, reference: str) -> bool:
        """Whether the image is here now; a pull that cannot work costs seconds, once an hour."""
        return self.has(reference) or self._pulled(reference)

    def why_not(self) -> str:
        """What the last failed pull said, with its time; empty when none failed lately."""
        failed = read_json(self._machine.failed_pulls).get(PUBLIC, "")
        when, _, reason = failed.partition(" ")
        return reason if failed and datetime.fromisoformat(when) + RETRY_AFTER > datetime.now(UTC) else ""

    def _pulled(self, reference: str) -> bool:
        if self.why_not():
            return False
        api = self._client.api
        usual = api.timeout
        try:
            with translated(address_of(self._client)):
                api.timeout = CONTACT_TIMEOUT
                self._client.images.get_registry_data(reference)
                api.timeout = PULL_TIMEOUT
                repository, _, tag = reference.rpartition(":")
                api.pull(repository, tag=tag)
        except OnwardError as error:
            self._machine.make()
            self._machine.failed_pulls.write_text(json.dumps({PUBLIC: f"{datetime.now(UTC).isoformat()} {error}"}))
            return False
        finally:
            api.timeout = usual
        return self.has(reference)
