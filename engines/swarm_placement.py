"""What deployments need of their swarm: networks, secrets, addresses, a volume, the machine that it is on."""

from __future__ import annotations

from collections.abc import Mapping

from docker import DockerClient

from domain import identity, resource_names
from domain.deployment import Deployment
from domain.environment import Environment
from domain.errors import InvalidInput
from domain.identity import ServiceId, canonical_name
from domain.service import ServiceDefinition
from engines.docker_api import address_of, translated
from engines.labels import Label, labels_of
from engines.reach import CREDENTIALS, Reach
from engines.swarm_api import Json, SwarmServices
from engines.swarm_data import Volume, address_in, ensure_volume, node_of
from engines.swarm_networks import ensure_network
from engines.swarm_place import EnvironmentPlace, Place
from engines.swarm_spec import Placement

DEFAULT_PORT: int = ServiceDefinition.model_fields["port"].default


class Placements:
    """Finds it, and makes what is missing of it and Onward's own.

    :param client: a client of a manager of the swarm.
    :param stack: the label of everything that this Onward makes; what has another is not touched.
    :param endpoint_mode: ``dnsrr``, or ``vip`` where the kernel has IPVS.
    :param place: how things are called and what they join there: an environment itself, or a slice.
    :param reach: where services find queues and buckets; none have any without.
    """

    def __init__(
        self,
        client: DockerClient,
        *,
        stack: str,
        endpoint_mode: str,
        place: Place | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._client = client
        self._services = SwarmServices(client)
        self._stack = stack
        self._endpoint_mode = endpoint_mode
        self._place = place or EnvironmentPlace(stack)
        self._reach = reach

    def of(self, deployment: Deployment, current: Json | None, replicas: int = 1) -> Placement:
        """What a deployment needs of the swarm; what is missing of it and Onward's own is made.

        :param current: the service as it is there.
        :raises InvalidInput: a secret is missing in the swarm, or a datastore that the service reads.
        :raises ForeignResource: a network, volume or service of that name is another stack's.
        """
        environment, definition = deployment.environment, deployment.definition
        reads, secrets = definition.reads, self._secrets(deployment)
        for name in self._place.own_networks(deployment):
            self._network(name)
        return Placement(
            name=self._place.service_name(environment, deployment.service),
            labels={**self._place.labels, Label.STACK: self._stack},
            endpoint_mode=self._endpoint_mode,
            secrets=secrets,
            urls={role: self._url_of(environment, definition, role) for role in reads.services},
            replicas=replicas,
            networks={self._network(name): aliases for name, aliases in self._place.networks(deployment).items()},
            resources=self._resources(deployment, secrets),
            edge_network=self._place.edge_network(deployment),
            stop_grace=self._place.stop_grace(deployment),
            datastores={role: self._address(environment, definition.application, role) for role in reads.datastores},
            volume=self._volume(deployment),
            node=node_of(self._client, current) if self._place.volume_name(deployment) and definition.datastore else "",
        )

    def _address(self, environment: Environment, application: str, role: str) -> str:
        """``host:port`` of a datastore of an environment; :raises InvalidInput: it is not there."""
        name = canonical_name(environment, ServiceId(application=application, role=role))
        return address_in(self._services.own(self._stack, name), environment, application, role)

    def _volume(self, deployment: Deployment) -> Volume | None:
        datastore, name = deployment.definition.datastore, self._place.volume_name(deployment)
        if datastore is None:
            return None
        if name:
            ensure_volume(self._client, name, self._stack, deployment.environment, deployment.service)
        return Volume(name, datastore.volume)

    def _network(self, name: str) -> str:
        """Its ID. What a slice shares with its environment does not carry the slice's labels."""
        return ensure_network(self._client, name, self._stack)

    def _resources(self, deployment: Deployment, secrets: Mapping[str, object]) -> dict[str, str]:
        definition = deployment.definition
        if not definition.resources or self._reach is None:
            return {}
        found = self._reach.variables(definition, lambda name: self._place.resource_name(deployment, name))
        file = {"AWS_SHARED_CREDENTIALS_FILE": f"/run/secrets/{CREDENTIALS}"} if CREDENTIALS in secrets else {}
        return found | file

    def _secrets(self, deployment: Deployment) -> dict[str, tuple[str, str]]:
        """What the definition names; and the environment's key to queues and buckets, for who brings none."""
        found: dict[str, tuple[str, str]] = {}
        if deployment.definition.resources:
            name = resource_names.access_secret(self._stack, deployment.environment)
            if there := self._secret(name):
                found[CREDENTIALS] = (name, there[0])
        for secret in deployment.definition.secrets:
            name = identity.secret_name(deployment.environment, deployment.service, secret)
            exact = self._secret(name)
            if not exact:
                raise InvalidInput(
                    f"secret {name} is not there",
                    where=f"swarm of {deployment.environment} ({address_of(self._client)})",
                    expected=f"a swarm secret of this name, for `secrets: [{secret}]` of {deployment.service}",
                    next=f"docker secret create {name} FILE",
                )
            found[secret] = (name, exact[0])
        return found

    def _secret(self, name: str) -> list[str]:
        """The ID of the swarm secret of this name, if there is one."""
        with translated(address_of(self._client)):
            listed = self._client.api.secrets(filters={"name": name})
        return [each["ID"] for each in listed if each["Spec"]["Name"] == name]

    def _url_of(self, environment: Environment, definition: ServiceDefinition, role: str) -> str:
        """The port is what the other service last declared, or the default while it was never deployed."""
        known = self._place.urls.get(role)
        if known is not None:
            return known
        name = canonical_name(environment, ServiceId(application=definition.application, role=role))
        found = self._services.own(self._stack, name)
        return url_at(name, int(labels_of(found).get(Label.PORT, DEFAULT_PORT)) if found else DEFAULT_PORT)


def url_at(name: str, port: int) -> str:
    """The base URL of a service on the networks that know it by a name."""
    return f"http://{name}:{port}"
