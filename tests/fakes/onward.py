"""All of Onward in memory: the real activities over fake stores and engines."""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from pydantic import SecretStr
from temporalio.client import Client
from temporalio.worker import Worker

from activities.bake import Patience
from activities.manifest_reader import ManifestReader
from activities.verdict_reader import VerdictReader
from domain import keys, workflow_ids
from domain.artifact import Artifact, ArtifactKind, digest_of
from domain.attestation import seal
from domain.channels import Channel, Channels
from domain.definition_file import parse_definition
from domain.environment import Environment
from domain.identity import Duty, ServiceId
from domain.manifest import Manifest
from domain.publication import PublishedSet
from domain.release import ReleaseRequest
from domain.resources import Bucket, Queue
from domain.workflow_ids import task_queue
from tests.fakes.batch import MemoryJobs, MemoryRuns
from tests.fakes.data import MemoryBackups, MemoryMigrations
from tests.fakes.duties import activities_of
from tests.fakes.engines import (
    MemoryAlerts,
    MemoryBuilder,
    MemoryEngine,
    MemoryNotifier,
    MemorySuiteRunner,
)
from tests.fakes.foundation import MemoryFoundation
from tests.fakes.monitoring import MemoryMonitoring, MemoryTester
from tests.fakes.resources import MemoryResources
from tests.fakes.sandbox import PREPARED
from tests.fakes.slices import MemorySlices
from tests.fakes.stores import MemoryObjectStore, MemoryRegistry, MemoryRepositories, MemorySigner
from worker import WORKFLOWS, running

REPOSITORY = "https://git.test/shop"

DEFINITION = """\
application: {application}
role: {role}
build: {{context: app}}
tests: {{integration: {{context: tests}}, smoke: {{case: "test_smoke*"}}}}
scale: {{ci: {{min: 1, max: 2}}, prod: {{min: 1, max: 5}}}}
config: {{ci: {{LEVEL: debug}}, prod: {{LEVEL: {level}}}}}
owner: team
"""


class MemoryOnward:
    """Every part in memory, each open to the test."""

    def __init__(self) -> None:
        self.store = MemoryObjectStore()
        self.registry = MemoryRegistry()
        self.repositories = MemoryRepositories()
        self.builder = MemoryBuilder(self.registry)
        self.tester = MemoryTester()
        self.monitoring = MemoryMonitoring()
        self.patience = Patience(pending=timedelta(seconds=5), data=timedelta(seconds=2))
        self.engine = MemoryEngine()
        self.runs = MemoryRuns(MemoryJobs())
        self.datastores = MemoryEngine()
        self.backups = MemoryBackups()
        self.kept = {each: MemoryObjectStore(f"backups-{each}") for each in Environment}
        self.migrations = MemoryMigrations()
        self.runner = MemorySuiteRunner()
        self.slices = MemorySlices()
        self.queues: MemoryResources[Queue] = MemoryResources()
        self.buckets: MemoryResources[Bucket] = MemoryResources()
        self.foundation = MemoryFoundation()
        self.notifier = MemoryNotifier()
        self.channels = Channels(
            channels=(Channel(urls=(SecretStr("memory://on-call"),), escalation=(SecretStr("memory://boss"),)),)
        )
        self.alerts = MemoryAlerts()
        self.signer = MemorySigner()
        self.trusted = MemorySigner()
        self.attestor = MemorySigner(b"ci's")
        self.remind_every = timedelta(minutes=15)
        self.application = f"t{uuid4().hex[:8]}"

    def commit(
        self, role: str = "cart", dockerfile: str = "FROM base\n", level: str = "info", more: str = "", **files: str
    ) -> ReleaseRequest:
        """A new commit of a role, ready to be released.

        :param more: further keys of its definition.
        :param files: further monitors: name → text of ``monitors/<name>.yaml``.
        """
        commit = uuid4().hex + "00000000"
        definition = DEFINITION.format(application=self.application, role=role, level=level) + more
        self.repositories.commits[REPOSITORY, commit] = {
            f"{role}/service.yaml": definition,
            f"{role}/app/Dockerfile": dockerfile,
            f"{role}/tests/Dockerfile": "FROM base\n",
            **{f"{role}/monitors/{name}.yaml": text for name, text in files.items()},
        }
        return ReleaseRequest(
            application=self.application,
            role=role,
            repository=REPOSITORY,
            commit=commit,
            service_directory=role,
            requested_by="ci",
        )

    def publish(self, *roles: str) -> None:
        """Put versions with a suite into the published set, as if each had been released."""
        current = PublishedSet(application=self.application)
        for role in roles:
            manifest = self._built(role)
            document = manifest.document()
            self.store.put(keys.manifest_key(manifest.digest), document)
            envelope = seal(document, self.signer).model_dump_json().encode()
            self.store.put(keys.envelope_key(manifest.digest), envelope)
            pointer = self.manifests().pointer(manifest.digest)
            current = current.with_published(manifest, pointer, digest_of(b"verdict"))
        self.store.put(keys.published_set_key(self.application), current.model_dump_json().encode())

    def _built(self, role: str) -> Manifest:
        text = DEFINITION.format(application=self.application, role=role, level="info")
        digests = {
            ArtifactKind.IMAGE: digest_of(role.encode()),
            ArtifactKind.SUITE: digest_of(f"{role} suite".encode()),
        }
        artifacts = tuple(
            Artifact(kind=kind, uri=self.registry.reference(f"{self.application}/{role}/{kind}", digest), digest=digest)
            for kind, digest in digests.items()
        )
        self.registry.images |= {artifact.uri for artifact in artifacts}
        service = ServiceId(application=self.application, role=role)
        commit = uuid4().hex + "00000000"
        return Manifest(
            release=workflow_ids.release_id(service, commit),
            repository=REPOSITORY,
            commit=commit,
            service_directory=role,
            definition=parse_definition(text, "service.yaml"),
            artifacts=artifacts,
            started=datetime.now(UTC),
            finished=datetime.now(UTC),
        )

    def manifests(self) -> ManifestReader:
        """Believes what :attr:`trusted` signed."""
        return ManifestReader(self.store, {"memory": self.trusted})

    def verdicts(self) -> VerdictReader:
        """Believes what a ci duty signed."""
        return VerdictReader(self.store, {"memory": MemorySigner(b"ci's")})

    @asynccontextmanager
    async def workers(self, client: Client) -> AsyncIterator[None]:
        """One worker per duty, in this process.

        What the activities start keeps real time: a skipped clock would remind on-call without end.
        """
        plain = Client(client.service_client, namespace=client.namespace, data_converter=client.data_converter)
        workers = [
            Worker(
                client,
                task_queue=task_queue(duty),
                workflows=WORKFLOWS if duty is Duty.ORCHESTRATE else [],
                workflow_runner=PREPARED,
                activities=activities_of(self, duty, plain),
                activity_executor=ThreadPoolExecutor(16),
                max_concurrent_activities=16,
                sticky_queue_schedule_to_start_timeout=timedelta(seconds=1),
            )
            for duty in Duty
        ]
        async with running(workers, timedelta(seconds=20)):
            yield
