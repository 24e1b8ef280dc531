"""Slices of one application on a real swarm, and what a container inside of one sees."""

from __future__ import annotations

import threading
from datetime import timedelta
from uuid import uuid4

from docker import DockerClient

from domain.artifact import Artifact
from domain.deployment import Deployment
from domain.environment import Environment
from domain.identity import ServiceId
from domain.slice_names import slice_network
from domain.slices import SliceOwner
from domain.suite import SuiteOutcome, SuiteRun
from engines.labels import Label
from engines.slice_sites import SliceSites
from engines.slices import SwarmSlices
from engines.suites import ContainerSuiteRunner
from engines.swarm_api import SwarmServices
from tests.engines.conftest import Environments
from tests.engines.images import Images
from tests.engines.sites import Sites
from tests.fakes.progress import SilentProgress

READS = {"reads": {"datastores": ["db"]}}


class Slicing:
    """Slices of one application."""

    def __init__(
        self, client: DockerClient, environment: Environments, images: Images, sites: Sites, looker: Artifact
    ) -> None:
        self.client = client
        self.environment = environment
        self.slices = SwarmSlices(
            client,
            SliceSites(sites.bundles, sites.buckets(f"{environment.stack}-slices"), stack=environment.stack),
            stack=environment.stack,
            endpoint_mode="dnsrr",
        )
        self._runner = ContainerSuiteRunner(client, stack=environment.stack)
        self._looker = looker

    def owner(self) -> SliceOwner:
        name = f"slice-{uuid4().hex[:10]}"
        return SliceOwner(name=name, application=self.environment.application, regression="regression:x:1", run="r1")

    def service(self, role: str, artifact: Artifact, **definition: object) -> Deployment:
        return self.environment.deployment(1, artifact, role=role, **definition)

    def datastore(self, artifact: Artifact) -> Deployment:
        return self.service("db", artifact, kind="datastore", datastore={"volume": "/www", "version": "1"})

    def fetched(self, owner: SliceOwner, url: str, network: str = "", data: str = "") -> str:
        """What a suite in the slice gets from a URL."""
        command = f"wget -q -O - {url} 2>/dev/null || echo nothing answers"
        return self.looked(owner, command, network, data).output.strip()

    def looked(self, owner: SliceOwner, command: str, network: str = "", data: str = "") -> SuiteOutcome:
        run = SuiteRun(
            name=f"{owner.name}-suite",
            image=self._looker.uri,
            environment=Environment.CI,
            service=ServiceId(application=owner.application, role="web"),
            network=network or slice_network(owner.application, owner.name),
            slice=owner.name,
            data_network=data,
            variables={"COMMAND": command},
            timeout=timedelta(seconds=20),
        )
        return self._runner.run(run, SilentProgress())

    def left_running(self, owner: SliceOwner) -> None:
        """A suite whose worker was killed."""
        labels = {Label.STACK.value: self.environment.stack, Label.SLICE.value: owner.name}
        network = slice_network(owner.application, owner.name)
        self.client.containers.run(
            self._looker.uri, detach=True, labels=labels, network=network, environment={"COMMAND": "sleep 600"}
        )

    def inside(self, service: str, command: str) -> str:
        """What a command prints in the container of a service."""
        (container,) = self.client.containers.list(filters={"label": f"com.docker.swarm.service.name={service}"})
        output = container.exec_run(["sh", "-c", command]).output
        assert isinstance(output, bytes)
        return output.decode()

    def left(self, owner: SliceOwner) -> list[str]:
        """Whatever still carries the name of a slice."""
        labels = {"label": f"{Label.SLICE}={owner.name}"}
        api = self.client.api
        return [
            *(each["Spec"]["Name"] for each in SwarmServices(self.client).labelled({Label.SLICE.value: owner.name})),
            *(each["Names"][0] for each in api.containers(all=True, filters=labels)),
            *(each["Name"] for each in api.networks(filters=labels)),
        ]

    def ends_in_order(self, owner: SliceOwner) -> list[str]:
        """Take a slice down: ``container destroy`` and ``service remove`` as the engine told of them."""
        told: list[str] = []
        events = self.client.events(
            decode=True, filters={"event": ["destroy", "remove"], "type": ["container", "service"]}
        )

        def hear() -> None:
            for each in events:
                if owner.name in str(each["Actor"]["Attributes"]):
                    told.append(f"{each['Type']} {each['Action']}")

        listener = threading.Thread(target=hear, daemon=True)
        listener.start()
        self.slices.down(owner, SilentProgress())
        events.close()
        listener.join()
        return told
