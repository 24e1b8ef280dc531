"""Suites as plain containers on an application's network."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Iterator

from docker import DockerClient
from docker.types import LogConfig

from domain.errors import NotFound
from domain.progress import Progress
from domain.suite import REPORT_LIMIT, REPORTS, SuiteOutcome, SuiteRun
from engines import images
from engines.docker_api import address_of, translated
from engines.labels import Label

OUTPUT_LIMIT = 1024 * 1024
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
        """Run to the end, the timeout or the cancel; the container is gone in every case."""
        self._remove(run.name)
        images.present(self._client, run.image, progress)
        container = self._start(run)
        try:
            exit_code = self._wait(container, run, progress)
            with translated(address_of(self._client)):
                state = self._client.api.inspect_container(container)["State"]
            return SuiteOutcome(
                exit_code=exit_code,
                reports=self._reports(container),
                output=self._output(container),
                killed_for_memory=bool(state.get("OOMKilled")),
            )
        finally:
            self._remove(container)

    def _start(self, run: SuiteRun) -> str:
        api = self._client.api
        with translated(address_of(self._client)):
            container = api.create_container(
                run.image,
                name=run.name,
                environment=run.variables,
                labels={Label.STACK: self._stack, Label.APPLICATION: run.service.application},
                host_config=api.create_host_config(
                    network_mode=run.network,
                    mem_limit=self._memory,
                    memswap_limit=self._memory,
                    log_config=LogConfig(type="json-file", config={"max-size": "1m", "max-file": "2"}),
                ),
            )["Id"]
            api.start(container)
        return str(container)

    def _wait(self, container: str, run: SuiteRun, progress: Progress) -> int | None:
        """The exit code, or ``None`` when the time was up."""
        end = time.monotonic() + run.timeout.total_seconds()
        while time.monotonic() < end:
            with translated(address_of(self._client)):
                state = self._client.api.inspect_container(container)["State"]
            if not state["Running"]:
                return int(state["ExitCode"])
            progress.say(f"{run.name} runs")
            progress.wait(POLL)
        with translated(address_of(self._client)):
            self._client.api.kill(container)
        return None

    def _output(self, container: str) -> str:
        """The last part of what the suite printed, both streams in their order."""
        with translated(address_of(self._client)):
            content: bytes = self._client.api.logs(container, stdout=True, stderr=True, tail=20_000)
        return content[-OUTPUT_LIMIT:].decode(errors="replace")

    def _reports(self, container: str) -> tuple[bytes, ...]:
        """The XML files in ``/reports``; what is too large is cut, and then cannot be read."""
        try:
            with translated(address_of(self._client)):
                chunks, _ = self._client.api.get_archive(container, REPORTS)
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
                    return
                file = entries.extractfile(entry) if entry.isfile() and entry.name.endswith(".xml") else None
                if file is not None:
                    yield file.read(REPORT_LIMIT + 1)
    except tarfile.TarError:
        return
