"""The bake: a release is watched for a while, its replicas and its monitors."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.monitors import MonitorReader
from activities.targets import Targets
from activities.watch import NoWatch, Watch
from domain.batch_monitors import excused
from domain.deployment import Deployment, EnvironmentEngine, ServiceState, is_growing, is_whole, refuse_overtaken
from domain.errors import VerifyFailed
from domain.monitor import Monitoring
from domain.monitor_set import InstalledMonitors
from domain.monitor_state import DATA_PATIENCE, PENDING_PATIENCE, SETTLED
from domain.progress import Progress
from domain.service import Kind
from domain.stages import Checked, Target

POLL = 1.0


@dataclass(frozen=True)
class Patience:
    """How long a bake is prolonged while a monitor is ``pending``, and while there is no ``data``.

    ``settled``: a rule counts once it was evaluated after so much of the watching.
    """

    pending: timedelta = PENDING_PATIENCE
    data: timedelta = DATA_PATIENCE
    settled: timedelta = SETTLED


class BakeActivities:
    """Watches what is deployed in one environment.

    :param monitoring: the environment's Prometheus, if it has one.
    """

    def __init__(
        self,
        targets: Targets,
        engines: Mapping[Kind, EnvironmentEngine],
        reader: MonitorReader,
        monitoring: Monitoring | None,
        patience: Patience | None = None,
    ) -> None:
        self._targets = targets
        self._engines = engines
        self._reader = reader
        self._monitoring = monitoring
        self._patience = patience or Patience()

    @activity.defn(no_thread_cancel_exception=True)
    def bake(self, target: Target) -> Checked:
        """Watch the release for its ``verify.bake`` time: it stays whole, and no monitor of it fires.

        A monitor that is pending, or has nothing to judge yet, prolongs the bake. The time in which Prometheus does
        not answer is not watched, and does not count: the next attempt watches for what an earlier one has left.

        :raises VerifyFailed: a replica was lost; a monitor fires; or it is not known whether one would.
        """
        with Heartbeat() as progress:
            deployment = self._targets.deployment(target)
            engine = self._engines[deployment.definition.kind]
            monitors = self._reader.monitors(target)
            seconds = deployment.definition.verify.bake.total_seconds()
            replicas = _Replicas(engine, deployment)
            watch = self._watch(deployment, monitors, replicas.look())
            start = time.monotonic() - progress.kept
            while (passed := time.monotonic() - start) < seconds:
                replicas.look()
                watch.look()
                progress.keep(passed)
                progress.say(f"baking, {seconds - passed:.0f} s left")
                progress.wait(min(POLL, seconds - passed))
            replicas.look()
            found = self._settled(watch, replicas, deployment, start, progress)
        return Checked(detail=found)

    def _watch(
        self, deployment: Deployment, monitors: InstalledMonitors | None, state: ServiceState
    ) -> Watch | NoWatch:
        if monitors is None or monitors.rules is None:
            return NoWatch()
        if self._monitoring is None:
            raise VerifyFailed(
                f"{deployment.name} is not verified: nothing judges its monitors\n"
                f"  expected: ONWARD_PROMETHEUS_URL and ONWARD_RULES_DIRECTORY of the {deployment.environment} duty"
            )
        passed_over = excused(deployment.definition, state.since)
        return Watch(self._monitoring, monitors, state.since, passed_over, self._patience.settled)

    def _settled(
        self,
        watch: Watch | NoWatch,
        replicas: _Replicas,
        deployment: Deployment,
        start: float,
        progress: Progress,
    ) -> str:
        """Wait until nothing is pending and everything has something to judge; how long it baked, and what was seen."""
        bake = watched = deployment.definition.verify.bake
        while True:
            judgement = watch.look()
            unknown = judgement.unknown or watch.without_data()
            over = time.monotonic() - start - bake.total_seconds()
            if not judgement.pending and not unknown:
                return f"baked {watched.total_seconds():.0f} s{watch.seen(watched)}"
            if over > self._patience.pending.total_seconds():
                raise VerifyFailed(f"{deployment.name} is not verified: {'; '.join((*judgement.pending, *unknown))}")
            if not judgement.pending and over > self._patience.data.total_seconds():
                raise VerifyFailed(f"{deployment.name} is not verified: {'; '.join(unknown)}")
            progress.say("baking on: " + "; ".join((*judgement.pending, *unknown)))
            progress.wait(POLL)
            replicas.look()
            watched = timedelta(seconds=round(time.monotonic() - start))


class _Replicas:
    """What runs of one release during its bake. More of them may be asked for meanwhile."""

    def __init__(self, engine: EnvironmentEngine, deployment: Deployment) -> None:
        self._engine = engine
        self._deployment = deployment
        self._whole_at = 0

    def look(self) -> ServiceState:
        """What there is; :raises VerifyFailed: it is not all of the release any more."""
        deployment = self._deployment
        state = self._engine.observe(deployment.environment, deployment.service)
        refuse_overtaken(state, deployment)
        if state is not None and is_whole(state, deployment):
            self._whole_at = state.replicas
            return state
        if state is not None and is_growing(state, deployment, self._whole_at):
            return state
        lost = state.failures[-1].error if state and state.failures else "it is not whole any more"
        raise VerifyFailed(f"{deployment.name} did not last its bake: {lost}\n  next: onward logs {deployment.name}")
