"""Stage *build*: artifacts by content; the same inputs are never built twice."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.heartbeat import Heartbeat
from activities.log import StepLog
from activities.monitor_plan import monitor_plan
from domain import identity, keys
from domain.artifact import Artifact, ArtifactKind, Digest, digest_of
from domain.build import Builder, BuildInputs, BuildRecord, ImageRecipe, SiteRecipe, base_images
from domain.errors import BuildFailed, Conflict
from domain.monitor import MonitorTester
from domain.monitor_set import MonitorSet
from domain.progress import Progress
from domain.service import ServiceDefinition
from domain.source import SnapshotFormat
from domain.stages import BuildRequest, Built
from domain.storage import ImageRegistry, ObjectStore

#: What the object store keeps, and where.
_STORED: dict[ArtifactKind, Callable[[Digest], str]] = {
    ArtifactKind.BUNDLE: keys.bundle_key,
    ArtifactKind.MONITORS: keys.monitors_key,
}


@dataclass(frozen=True)
class _Plan:
    """One build, ready to run: its inputs, and the recipe for what they make."""

    inputs: BuildInputs
    recipe: ImageRecipe | SiteRecipe | MonitorSet


class BuildActivities:
    """Runs the build engine; pushes to the registry, writes bundles and build records."""

    def __init__(
        self,
        builder: Builder,
        registry: ImageRegistry,
        store: ObjectStore,
        snapshots: SnapshotFormat,
        tester: MonitorTester,
    ) -> None:
        self._builder = builder
        self._registry = registry
        self._store = store
        self._snapshots = snapshots
        self._tester = tester

    @activity.defn(no_thread_cancel_exception=True)
    def build(self, request: BuildRequest) -> Built:
        """Make one artifact, or find it made.

        The record under the digest of the inputs is written last: after a crash the next attempt
        builds from the engine's cache, pushes the same digest and writes the same record. A
        cancel stops the build and leaves no container.
        """
        log = StepLog(self._store, keys.log_key(request.release, request.run, keys.build_step(request.kind)))
        with Heartbeat(every=log.flush_if_due) as progress, tempfile.TemporaryDirectory() as scratch:
            plan = self.plan(request.kind, request.source.definition, self._unpacked(request, Path(scratch)), progress)
            record = self.find(plan.inputs)
            if record is not None:
                return _built(record, reused=True)
            try:
                record = self._made(plan, log, progress, Path(scratch))
            except BuildFailed as error:
                raise ApplicationError(str(error), log.uri, type=BuildFailed.__name__, non_retryable=True) from error
            finally:
                log.flush()
        return _built(record, reused=False)

    def plan(self, kind: ArtifactKind, definition: ServiceDefinition, files: Path, progress: Progress) -> _Plan:
        """What would be built from the files of a service's directory.

        :raises InvalidMonitors: of its monitors.
        """
        if kind is ArtifactKind.MONITORS:
            return _Plan(*monitor_plan(definition, files))
        if kind is ArtifactKind.BUNDLE:
            return self._site_plan(definition, files, progress)
        suite = definition.tests.integration if kind is ArtifactKind.SUITE and definition.tests else None
        source = suite or definition.build
        args = {} if suite else definition.build.args
        service = definition.service
        repository = identity.suite_repository(service) if suite else identity.image_repository(service)
        context = files / source.context
        dockerfile = (context / source.dockerfile).read_text("utf-8", errors="replace")
        inputs = BuildInputs(
            kind=kind,
            repository=repository,
            files=self._builder.context_digest(context),
            recipe={"dockerfile": source.dockerfile, **{f"arg:{name}": value for name, value in args.items()}},
            bases=tuple(self._builder.resolve(image, progress) for image in base_images(dockerfile, args)),
        )
        tag = self._registry.tagged(repository, identity.build_tag(inputs.digest))
        return _Plan(inputs, ImageRecipe(context=context, dockerfile=source.dockerfile, args=args, tag=tag))

    def find(self, inputs: BuildInputs) -> BuildRecord | None:
        """The record of an earlier build of the very same inputs, if its artifact is still kept."""
        found = self._store.read(keys.build_record_key(inputs.digest))
        if found is None:
            return None
        record = BuildRecord.model_validate_json(found.content)
        return record if record.inputs == inputs and self._kept(record.artifact) else None

    def _kept(self, artifact: Artifact) -> bool:
        if artifact.kind not in _STORED:
            return self._registry.holds(artifact.uri)
        key = _STORED[artifact.kind](artifact.digest)
        return artifact.uri == self._store.uri(key) and self._store.holds(key)

    def _site_plan(self, definition: ServiceDefinition, files: Path, progress: Progress) -> _Plan:
        build = definition.build
        context = files / build.context
        inputs = BuildInputs(
            kind=ArtifactKind.BUNDLE,
            repository=identity.image_repository(definition.service),
            files=self._builder.context_digest(context),
            recipe={"output": build.output or ".", "command": "\0".join(build.command or ())},
            bases=(self._builder.resolve(build.image, progress),) if build.image else (),
        )
        recipe = SiteRecipe(context=context, output=build.output or ".", image=build.image, command=build.command)
        return _Plan(inputs, recipe)

    def _made(self, plan: _Plan, log: StepLog, progress: Progress, scratch: Path) -> BuildRecord:
        writer = _Tee(log, progress)
        if isinstance(plan.recipe, MonitorSet):
            self._tester.test(plan.recipe, writer)
            content = plan.recipe.rules.encode()
            digest = digest_of(content)
            key = keys.monitors_key(digest)
            self._store.create(key, content, "application/yaml")
            uri = self._store.uri(key)
        elif isinstance(plan.recipe, ImageRecipe):
            digest = self._builder.build_image(plan.recipe, writer)
            uri = self._registry.reference(plan.inputs.repository, digest)
        else:
            bundle = scratch / "bundle.zip"
            digest = self._builder.build_site(plan.recipe, bundle, writer)
            key = keys.bundle_key(digest)
            self._store.create_file(key, bundle, digest)
            uri = self._store.uri(key)
        artifact = Artifact(kind=plan.inputs.kind, uri=uri, digest=digest)
        record = BuildRecord(inputs=plan.inputs, artifact=artifact, log=log.uri, built=datetime.now(UTC))
        return self._recorded(record)

    def _recorded(self, record: BuildRecord) -> BuildRecord:
        """Keep the record; whoever recorded the same inputs first has said what they make."""
        key = keys.build_record_key(record.inputs.digest)
        found = self._store.read(key)
        try:
            self._store.replace(key, record.model_dump_json().encode(), found.etag if found else None)
        except Conflict:
            return BuildRecord.model_validate_json(self._store.get(key))
        return record

    def _unpacked(self, request: BuildRequest, scratch: Path) -> Path:
        archive, files = scratch / "snapshot.tar", scratch / "files"
        snapshot = request.source.snapshot
        self._store.fetch_file(self._store.key(snapshot.uri), archive, snapshot.digest)
        files.mkdir()
        self._snapshots.unpack(archive, files)
        return files


class _Tee:
    """Progress that keeps every line in a log as well."""

    def __init__(self, log: StepLog, progress: Progress) -> None:
        self._log = log
        self._progress = progress
        self.wait = progress.wait
        self.closing = progress.closing

    def say(self, line: str) -> None:
        self._log.write(line)
        self._progress.say(line)


def _built(record: BuildRecord, *, reused: bool) -> Built:
    return Built(artifact=record.artifact, dependencies=record.inputs.bases, reused=reused, log=record.log)
