"""The monitors of a release: read from what its manifest points to, installed in one environment."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.targets import Targets
from domain.artifact import Artifact, ArtifactKind, verified
from domain.environment import Environment
from domain.manifest import Manifest
from domain.monitor import Monitoring
from domain.monitor_set import InstalledMonitors, installed
from domain.stages import Checked, Target
from domain.storage import ObjectStore


class MonitorReader:
    """Reads the monitors of a release, which its signed manifest names by digest."""

    def __init__(self, targets: Targets, store: ObjectStore) -> None:
        self._targets = targets
        self._store = store

    def monitors(self, target: Target) -> InstalledMonitors | None:
        """What its environment has to judge; ``None`` of a release that an older Onward built."""
        manifest = self._targets.manifest(target)
        artifact = manifest.artifact(ArtifactKind.MONITORS)
        return self._read(manifest, artifact, target) if artifact else None

    def _read(self, manifest: Manifest, artifact: Artifact, target: Target) -> InstalledMonitors:
        content = verified(self._store.get(self._store.key(artifact.uri)), artifact.digest, artifact.uri)
        return installed(content.decode(), target.environment, manifest.service, target.number, artifact.digest)


class MonitorActivities:
    """Installs monitors.

    :param monitoring: the environment's Prometheus, if it has one.
    """

    def __init__(self, reader: MonitorReader, monitoring: Monitoring | None, environment: Environment) -> None:
        self._reader = reader
        self._monitoring = monitoring
        self._environment = environment

    @activity.defn(no_thread_cancel_exception=True)
    def install_monitors(self, target: Target) -> Checked:
        """Have the environment's Prometheus judge exactly the monitors of this release.

        What is loaded decides what is to be done, so that a second attempt goes on where a killed one was.
        :raises Superseded: those of a newer release are there.
        :raises DeployHalted: Prometheus does not take them; those it had stay.
        """
        if self._monitoring is None:
            return Checked(detail=f"no monitors: {self._environment} has no Prometheus")
        with Heartbeat() as progress:
            monitors = self._reader.monitors(target)
            if monitors is None:
                return Checked(detail="no monitors")
            anew = self._monitoring.install(monitors, progress)
        count = len(monitors.rules.rules) if monitors.rules else 0
        return Checked(detail=f"{count} monitors {'installed' if anew else 'as before'}")
