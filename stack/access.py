"""The key with which deployed services reach queues and buckets: a swarm secret for each environment."""

from __future__ import annotations

from contextlib import suppress

from docker import DockerClient

from domain.artifact import digest_of
from domain.environment import ENVIRONMENTS
from domain.errors import Conflict
from domain.resource_names import access_secret
from engines.docker_api import address_of, translated
from engines.labels import Label
from stack.credentials import Credentials


def ensure_access(client: DockerClient, credentials: Credentials, stack: str) -> None:
    """Make the secrets that are missing, or hold a key of a state directory that was deleted.

    :raises InvalidInput: such a one is in use still, so that swarm does not let it go.
    """
    for environment in ENVIRONMENTS:
        content = credentials.task_credentials(environment).encode()
        _ensure(client, access_secret(stack, environment), content, stack)


def _ensure(client: DockerClient, name: str, content: bytes, stack: str) -> None:
    labels = {Label.STACK.value: stack, Label.PART.value: digest_of(content)}
    with translated(address_of(client)):
        there = [each for each in client.api.secrets(filters={"name": name}) if each["Spec"]["Name"] == name]
        if there and there[0]["Spec"]["Labels"].get(Label.PART) == labels[Label.PART]:
            return
        for each in there:
            client.api.remove_secret(each["ID"])
    with suppress(Conflict), translated(address_of(client)):  # somebody else was faster
        client.api.create_secret(name, content, labels=labels)
