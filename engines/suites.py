"""Suites as plain containers on an application's network."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator
from contextlib import suppress

from docker import DockerClient
from docker.types import LogConfig

from domain.errors import Conflict, NotFound
from domain.junit import REPORT_LIMIT
from domain.pace import pauses
from domain.progress import Progress
from domain.suite import OUTPUT_LIMIT, REPORTS, SuiteOutcome, SuiteRun
from engines import docker_stream, images
from engines.containers import LabelledContainers
from engines.docker_api import address_of, translated
from engines.labels import Label, require_own
from engines.suite_output import SuiteOutput
from engines.swarm_networks import ensure_network

#: Seconds beyond a suite's timeout in which its runner reads its reports and removes it.
GRACE = 600

FILES_LIMIT = 200
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
        if not run.slice:  # an application of sites alone has no network yet; a slice always has one
            ensure_network(self._client, run.network, self._stack)
        container = self._create(run)
        try:
            if run.data_network:
                self._join(container, run.data_network)
            self._make_reports(container)
            output = self._start(container)
            exit_code = self._wait(container, run, output, progress)
            output.finish()
            with translated(address_of(self._client)):
                state = self._client.api.inspect_container(container)["State"]
            return SuiteOutcome(
                exit_code=exit_code,
                reports=self._reports(container),
                output=output.text,
                killed_for_memory=bool(state.get("OOMKilled")),
                flooded=output.size > OUTPUT_LIMIT,
            )
        finally:
            self._remove(container)

    def _create(self, run: SuiteRun) -> str:
        api = self._client.api
        with translated(address_of(self._client)):
            container = api.create_container(
                run.image,
                name=run.name,
                environment=run.variables,
                labels=self._labels(run),
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
        ensure_network(self._client, network, self._stack)
        with translated(address_of(self._client)):
            self._client.api.connect_container_to_network(container, network)

    def _make_reports(self, container: str) -> None:
        """The directory for the reports, where the image's user may write, whoever that is."""
        with translated(address_of(self._client)):
            self._client.api.put_archive(container, "/", _directory(REPORTS.strip("/")))

    def _start(self, container: str) -> SuiteOutput:
        output = SuiteOutput(docker_stream.output(self._client, container))
        with translated(address_of(self._client)):
            self._client.api.start(container)
        return output

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

    def _reports(self, container: str) -> tuple[bytes, ...]:
        """The XML files in ``/reports``; in place of what is too much is one that cannot be read."""
        try:
            with docker_stream.archive(self._client, container, REPORTS) as chunks:
                content = _bounded(chunks)
        except NotFound:
            return ()
        return tuple(_xml_files(content))

    def _remove(self, container: str) -> None:
        try:
            with translated(address_of(self._client)):
                self._client.api.remove_container(container, force=True, v=True)
        except NotFound:
            return


def _directory(name: str) -> bytes:
    """A tar file with one directory that is open to all; files that are in it already stay."""
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(entry)
    return content.getvalue()


def _bounded(chunks: Iterator[bytes]) -> bytes:
    content = bytearray()
    for chunk in chunks:
        content += chunk
        if len(content) > 2 * REPORT_LIMIT:
            break
    return bytes(content)


def _xml_files(archive: bytes) -> Iterator[bytes]:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as entries:
            for count, entry in enumerate(entries):
                if count > FILES_LIMIT:
                    raise tarfile.ReadError("too many files")
                file = entries.extractfile(entry) if entry.isfile() and entry.name.endswith(".xml") else None
                if file is not None:
                    yield file.read(REPORT_LIMIT + 1)
    except tarfile.TarError:
        yield b""
