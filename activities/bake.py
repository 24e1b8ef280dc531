"""The bake: a release is watched for a while, its replicas and its monitors."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.monitors import MonitorReader
from activities.targets import Targets
from domain.batch_monitors import ENDED_BY_A_RUN
from domain.deployment import Deployment, EnvironmentEngine, ServiceState, is_growing, is_whole, refuse_overtaken
from domain.errors import VerifyFailed
from domain.monitor import Monitoring
from domain.monitor_questions import measured, requests_seen
from domain.monitor_set import InstalledMonitors
from domain.monitor_state import DATA_PATIENCE, PENDING_PATIENCE, JudgedRule, Judgement, judge
from domain.progress import Progress
from domain.service import Kind
from domain.stages import Checked, Target

POLL = 1.0


@dataclass(frozen=True)
class Patience:
    """How long a bake is prolonged while a monitor is ``pending``, and while there is no ``data``."""

    pending: timedelta = PENDING_PATIENCE
    data: timedelta = DATA_PATIENCE


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

        A monitor that is pending, or has nothing to judge yet, prolongs the bake. A second attempt watches
        the whole time again: a Prometheus that does not answer has not watched.

        :raises VerifyFailed: a replica was lost; a monitor fires; or it is not known whether one would.
        """
        with Heartbeat() as progress:
            deployment = self._targets.deployment(target)
            engine = self._engines[deployment.definition.kind]
            monitors = self._reader.monitors(target)
            seconds = deployment.definition.verify.bake.total_seconds()
            replicas = _Replicas(engine, deployment)
            watch = self._watch(deployment, monitors, replicas.look())
            start = time.monotonic()
            while (passed := time.monotonic() - start) < seconds:
                replicas.look()
                watch.look()
                progress.say(f"baking, {seconds - passed:.0f} s left")
                progress.wait(min(POLL, seconds - passed))
            replicas.look()
            found = self._settled(watch, replicas, deployment, start + seconds, progress)
        return Checked(detail=f"baked {seconds:.0f} s{found}")

    def _watch(
        self, deployment: Deployment, monitors: InstalledMonitors | None, state: ServiceState
    ) -> _Watch | _NoWatch:
        if monitors is None or monitors.rules is None:
            return _NoWatch()
        if self._monitoring is None:
            raise VerifyFailed(
                f"{deployment.name} is not verified: nothing judges its monitors\n"
                f"  expected: ONWARD_PROMETHEUS_URL and ONWARD_RULES_DIRECTORY of the {deployment.environment} duty"
            )
        lasting = ENDED_BY_A_RUN if deployment.definition.kind is Kind.BATCH else frozenset()
        return _Watch(self._monitoring, monitors, state.since, lasting)

    def _settled(
        self,
        watch: _Watch | _NoWatch,
        replicas: _Replicas,
        deployment: Deployment,
        end: float,
        progress: Progress,
    ) -> str:
        """Wait until nothing is pending and everything has something to judge; what was seen."""
        while True:
            judgement = watch.look()
            unknown = judgement.unknown or watch.without_data()
            over = time.monotonic() - end
            if not judgement.pending and not unknown:
                return watch.seen(deployment.definition.verify.bake)
            if over > self._patience.pending.total_seconds():
                raise VerifyFailed(f"{deployment.name} is not verified: {'; '.join((*judgement.pending, *unknown))}")
            if not judgement.pending and over > self._patience.data.total_seconds():
                raise VerifyFailed(f"{deployment.name} is not verified: {'; '.join(unknown)}")
            progress.say("baking on: " + "; ".join((*judgement.pending, *unknown)))
            progress.wait(POLL)
            replicas.look()


class _NoWatch:
    """Of a release without monitors there is nothing to see."""

    def look(self) -> Judgement:
        return Judgement()

    def without_data(self) -> Sequence[str]:
        return ()

    def seen(self, bake: timedelta) -> str:  # noqa: ARG002
        return ""


class _Watch:
    """The monitors of one release during its bake.

    :param lasting: rules whose alerts from before the release no deploy can end.
    """

    def __init__(
        self, monitoring: Monitoring, monitors: InstalledMonitors, arrived: datetime, lasting: frozenset[str]
    ) -> None:
        self._monitoring = monitoring
        self._monitors = monitors
        self._rules = monitors.rules.rules if monitors.rules else []
        self._arrived = arrived
        self._lasting = lasting
        self._before: dict[tuple[str, str], datetime] = {rule.key: rule.evaluated for rule in self._judged()}

    def look(self) -> Judgement:
        """What the monitors say now; :raises VerifyFailed: one fires."""
        judgement = judge(self._monitors, self._judged(), self._arrived, self._before, self._lasting)
        if judgement.firing:
            raise VerifyFailed(f"{self._monitors.name}: {'; '.join(judgement.firing)}")
        return judgement

    def without_data(self) -> Sequence[str]:
        """The monitors that have nothing to judge."""
        lacking = defaultdict(list)
        for rule in self._rules:
            if query := measured(rule):
                lacking[query].append(rule.alert)
        return [
            f"{', '.join(names)}: no data, {query} has no series"
            for query, names in lacking.items()
            if self._monitoring.value(query) is None
        ]

    def seen(self, bake: timedelta) -> str:
        """How many monitors were silent, and how many requests they saw."""
        asked = defaultdict(list)
        for rule in self._rules:
            if query := requests_seen(rule, round(bake.total_seconds())):
                asked[query].append(rule.alert)
        counts = [
            f"{', '.join(names)} saw {self._monitoring.value(query) or 0:.0f} requests"
            for query, names in asked.items()
        ]
        return "; ".join([f": {len(self._rules)} monitors silent", *counts])

    def _judged(self) -> Sequence[JudgedRule]:
        return self._monitoring.judged(self._monitors.name)


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
