"""Docker Swarm as the engine of an environment: services by image digest, only ever forward."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from docker import DockerClient

from domain.datastore import refuse_version
from domain.deployment import Action, Deployment, ServiceState, decide, is_whole
from domain.environment import Environment
from domain.errors import Conflict, NotFound, VerifyFailed
from domain.identity import ServiceId, canonical_name
from domain.progress import Progress
from domain.scale import Size, kept
from domain.service import Kind, ServiceDefinition
from engines.labels import Label, labels_of
from engines.reach import Reach
from engines.swarm_api import Json, SwarmServices
from engines.swarm_data import refuse_another_kind
from engines.swarm_drift import noted
from engines.swarm_logs import lines_by_task
from engines.swarm_place import EnvironmentPlace, Place
from engines.swarm_placement import Placements, url_at
from engines.swarm_scale import size_of, sized_spec
from engines.swarm_spec import Placement
from engines.swarm_tasks import service_state
from engines.swarm_unready import end_unready

#: Lost compare-and-swaps before the loss is handed to the caller's slower retry. Swarm itself writes
#: a service too, while it scales or updates it.
ATTEMPTS = 5


class SwarmEngine:
    """A :class:`domain.deployment.EnvironmentEngine` for what runs as a process.

    :param client: a client of a manager of the swarm.
    :param stack: the label of everything that this Onward makes; what has another is not touched.
    :param endpoint_mode: ``dnsrr``, or ``vip`` where the kernel has IPVS.
    :param kind: what :meth:`running` tells of.
    :param place: how things are called and what they join there: an environment itself, or a slice.
    :param reach: where services find queues and buckets; none have any without.
    :param specify: what swarm is asked for.
    """

    def __init__(
        self,
        client: DockerClient,
        *,
        stack: str,
        endpoint_mode: str,
        kind: Kind = Kind.SERVICE,
        place: Place | None = None,
        reach: Reach | None = None,
        specify: Callable[[Deployment, Placement, Size], Json] = sized_spec,
    ) -> None:
        self._client = client
        self._services = SwarmServices(client)
        self._stack = stack
        self._kind = kind
        self._place = place or EnvironmentPlace(stack)
        self._placements = Placements(client, stack=stack, endpoint_mode=endpoint_mode, place=place, reach=reach)
        self._specify = specify

    def deploy(self, deployment: Deployment, progress: Progress) -> Action:  # noqa: ARG002 – nothing takes long
        """Ask for a release and return at once.

        The service itself says which number was last asked for, and is written with its version
        index as compare-and-swap: whatever a killed attempt got done, the next one sees. Networks
        are made before it; a network without a service harms nobody.

        :raises Superseded: a newer release is there.
        :raises ForeignResource: the name is another stack's.
        :raises Conflict: somebody else wrote the service at the same moment.
        :raises InvalidInput: a secret is missing in the swarm, or a datastore that the service reads.
        :raises Refused: a datastore's data are of a version that this one must not follow.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._deploy_once(deployment)
            except Conflict:
                continue
        return self._deploy_once(deployment)

    def observe(self, environment: Environment, service: ServiceId) -> ServiceState | None:
        """What is there, or ``None``; :raises ForeignResource: what is there is another stack's."""
        found = self._services.own(self._stack, self._place.service_name(environment, service))
        return self._state(found, self._services.tasks([found])) if found else None

    def keep_serving(self, deployment: Deployment) -> None:
        """See to it that no old task goes for a new one that was never healthy."""
        end_unready(self._client, self._services, self._place.service_name(deployment.environment, deployment.service))

    def running(self, environment: Environment) -> list[ServiceState]:
        """Everything that this stack deployed to the environment, by name."""
        labels = {
            Label.STACK.value: self._stack,
            Label.ENVIRONMENT.value: environment.value,
            Label.KIND.value: self._kind.value,
        }
        found = [each for each in self._services.labelled(labels) if Label.SLICE not in each["Spec"]["Labels"]]
        tasks = self._services.tasks(found)
        return sorted((self._state(each, tasks) for each in found), key=lambda state: state.name)

    def logs(self, environment: Environment, service: ServiceId, lines: int) -> str:
        """The last lines of each task; :raises NotFound: the service was never deployed."""
        name = canonical_name(environment, service)
        found = self._services.own(self._stack, name)
        if found is None:
            raise NotFound(f"{name} was never deployed")
        tasks = self._services.tasks([found])[found["ID"]]
        return lines_by_task(name, [(task, self._services.output(task["ID"], lines)) for task in tasks])

    def url(self, environment: Environment, definition: ServiceDefinition) -> str:
        """Where the service answers on its application's network."""
        return url_at(canonical_name(environment, definition.service), definition.port)

    def probe(self, deployment: Deployment, progress: Progress) -> str:
        """Whether all replicas, and only they, run this release and are healthy."""
        state = self.observe(deployment.environment, deployment.service)
        if state is None:
            raise VerifyFailed(f"{deployment.name} is not there any more")
        if not is_whole(state, deployment):
            raise VerifyFailed(
                f"{deployment.name}: {state.serving(deployment.number)} of {state.replicas} replicas "
                f"run release #{deployment.number} and are healthy; {state.healthy} serve in all"
            )
        line = f"{state.healthy} of {state.replicas} replicas healthy"
        progress.say(line)
        return line

    def _deploy_once(self, deployment: Deployment) -> Action:
        current = self._services.own(self._stack, self._place.service_name(deployment.environment, deployment.service))
        action = decide(int(labels_of(current)[Label.NUMBER]) if current else None, deployment)
        if action is Action.NOTHING:
            return action
        if current is not None:
            refuse_another_kind(current, deployment)
            if deployment.definition.datastore:
                refuse_version(deployment.name, labels_of(current)[Label.VERSION], deployment.definition.datastore)
        size = kept(deployment.definition, deployment.environment, size_of(current) if current else None)
        spec = noted(self._specify(deployment, self._placements.of(deployment, current, size.replicas), size))
        if current is None:
            self._services.create(spec)
        else:
            self._services.update(current, spec)
        return action

    def _state(self, service: Json, tasks: Mapping[str, Sequence[Json]]) -> ServiceState:
        return service_state(service, tasks[service["ID"]], self._services.failed_check)
