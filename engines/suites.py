"""Suites as plain containers on an application's network."""

from __future__ import annotations

import time
from contextlib import suppress

from docker import DockerClient
from docker.types import LogConfig

from domain.errors import Conflict, NotFound
from domain.pace import pauses
from domain.progress import Progress
from domain.suite import OUTPUT_LIMIT, SuiteOutcome, SuiteRun
from engines import docker_stream, images, suite_reports, swarm_attachments
from engines.containers import LabelledContainers
from engines.docker_api import address_of, translated
from engines.labels import Label, require_own
from engines.suite_output import SuiteOutput
from engines.swarm_networks import ensure_network, network_id

#: Seconds beyond a suite's timeout in which its runner reads its reports and removes it.
GRACE = 600

POLL = 0.2


class ContainerSuiteRunner:
    """A :class:`domain.suite.SuiteRunner`.

    :param stack: the label of every container that is made.
    :param memory: bytes that one suite may use.
    """

    def __init__(self, client: DockerClient, *, stack: str, memory: int = 1024**3) -> None:
        self._client = client
        self._stack = stack
        self._memory = memory

    def run(self, run: SuiteRun, progress: Progress) -> SuiteOutcome:
        """Run to the end, the timeout or the cancel; the container is gone in every case.

        What a killed attempt left under the same name is removed first, and so is what was left
        under any name by one that had no other attempt, such as that of a terminated release.
        :raises ForeignResource: the name, or that of the network, is another stack's.
        """
        self._remove_leftover(run.name)
        self._remove_forgotten()
        images.present(self._client, run.image, progress)
        container = self._create(run, self._network(run))
        try:
            if run.data_network:
                self._join(container, run.data_network)
            suite_reports.make_room(self._client, container)
            output = self._start(container)
            exit_code = self._wait(container, run, output, progress)
            output.finish()
            with translated(address_of(self._client)):
                state = self._client.api.inspect_container(container)["State"]
            return SuiteOutcome(
                exit_code=exit_code,
                reports=suite_reports.read(self._client, container),
                output=output.text,
                killed_for_memory=bool(state.get("OOMKilled")),
                flooded=output.size > OUTPUT_LIMIT,
            )
        finally:
            self._remove(container)

    def _network(self, run: SuiteRun) -> str:
        """The ID of its network. An application of sites alone has none yet; a slice always has one."""
        if not run.slice:
            return ensure_network(self._client, run.network, self._stack)
        network = network_id(self._client, run.network, self._stack)
        if network is None:
            raise NotFound(f"network {run.network} is not there: somebody took the slice down")
        return network

    def _create(self, run: SuiteRun, network: str) -> str:
        api = self._client.api
        with translated(address_of(self._client)):
            container = api.create_container(
                run.image,
                name=run.name,
                environment=run.variables,
                labels=self._labels(run),
                networking_config=swarm_attachments.networking_config(run.network, network),
                host_config=api.create_host_config(
                    network_mode=run.network,
                    mem_limit=self._memory,
                    memswap_limit=self._memory,
                    # What it prints is read while it runs, and bounded; the engine keeps none of it.
                    log_config=LogConfig(type="none"),
                ),
            )
        return str(container["Id"])

    def _labels(self, run: SuiteRun) -> dict[str, str]:
        labels = {
            Label.STACK.value: self._stack,
            Label.APPLICATION.value: run.service.application,
            Label.FORGOTTEN_AFTER.value: str(int(time.time() + run.timeout.total_seconds() + GRACE)),
        }
        return labels | ({Label.SLICE.value: run.slice} if run.slice else {})

    def _join(self, container: str, network: str) -> None:
        """A second network: where the datastores of the environment are."""
        swarm_attachments.join(self._client, container, ensure_network(self._client, network, self._stack))

    def _start(self, container: str) -> SuiteOutput:
        return swarm_attachments.start(
            self._client, container, lambda: SuiteOutput(docker_stream.output(self._client, container))
        )

    def _wait(self, container: str, run: SuiteRun, output: SuiteOutput, progress: Progress) -> int | None:
        """The exit code, or ``None`` when the time was up or the output too much."""
        end, looks = time.monotonic() + run.timeout.total_seconds(), pauses(POLL)
        while time.monotonic() < end and output.size <= OUTPUT_LIMIT:
            with translated(address_of(self._client)):
                state = self._client.api.inspect_container(container)["State"]
            if not state["Running"]:
                return int(state["ExitCode"])
            progress.say(output.last_line or f"{run.name} runs")
            progress.wait(next(looks))
        with suppress(Conflict), translated(address_of(self._client)):
            # It may end in this very moment; it was to be stopped all the same.
            self._client.api.kill(container)
        return None

    def _remove_leftover(self, name: str) -> None:
        try:
            with translated(address_of(self._client)):
                leftover = self._client.api.inspect_container(name)
        except NotFound:
            return
        require_own(leftover["Config"]["Labels"], self._stack, f"container {name}", removal=f"docker rm -f {name}")
        self._remove(leftover["Id"])

    def _remove_forgotten(self) -> None:
        suites = LabelledContainers(self._client, {Label.STACK: self._stack, Label.FORGOTTEN_AFTER: ""})
        suites.remove(lambda labels: time.time() > int(labels[Label.FORGOTTEN_AFTER]))

    def _remove(self, container: str) -> None:
        try:
            with translated(address_of(self._client)):
                self._client.api.remove_container(container, force=True, v=True)
        except NotFound:
            return
