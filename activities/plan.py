"""What a build stage would make of a commit. Changes nothing but the engine's cache of base images."""

from __future__ import annotations

import tempfile
from pathlib import Path

from temporalio import activity

from activities.build import BuildActivities
from activities.heartbeat import Heartbeat
from domain.build import BuildInputs
from domain.definition_file import read_definition
from domain.lookups import PlannedArtifact, PlannedArtifacts, PlanRequest
from domain.source import Repositories
from domain.stages import artifacts_to_build


class PlanActivities:
    """Reads git and the build records."""

    def __init__(self, repositories: Repositories, builds: BuildActivities) -> None:
        self._repositories = repositories
        self._builds = builds

    @activity.defn(no_thread_cancel_exception=True)
    def plan_builds(self, request: PlanRequest) -> PlannedArtifacts:
        """Each artifact's inputs, and whether they were built before."""
        release = request.release
        with Heartbeat() as progress, tempfile.TemporaryDirectory() as scratch:
            files = Path(scratch)
            found = self._repositories.checkout(
                release.repository, release.commit, release.service_directory, files, progress
            )
            definition = read_definition(found)
            plans = [self._builds.plan(kind, definition, files, progress) for kind in artifacts_to_build(definition)]
            return PlannedArtifacts(
                artifacts=tuple(self._planned(plan.inputs) for plan in plans),
                retires=bool(definition.tests and definition.tests.retired),
            )

    def _planned(self, inputs: BuildInputs) -> PlannedArtifact:
        found = self._builds.find(inputs)
        return PlannedArtifact(
            kind=inputs.kind,
            inputs=inputs.digest,
            reused=found is not None,
            image=found.artifact.digest if found else None,
            bases=tuple(base.uri for base in inputs.bases),
        )
