"""Stages *deploy*: an environment is asked for a release, and waited for until it has arrived."""

from __future__ import annotations

import time
from collections.abc import Mapping

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.targets import Targets
from domain.deployment import Action, Deployment, EnvironmentEngine, ServiceState, settled
from domain.environment import Environment
from domain.errors import DeployHalted
from domain.pace import pauses
from domain.progress import Progress
from domain.service import Kind
from domain.stages import Deployed, Target

#: Seconds between two looks, the first and later ones; an engine has two to keep what serves from harm.
POLL, LONGEST_POLL = 0.25, 0.5


class DeployActivities:
    """Holds one environment's engines, by the kind of service that each runs.

    :param edge_url: base URL of the environment's edge, for links.
    """

    def __init__(self, targets: Targets, engines: Mapping[Kind, EnvironmentEngine], edge_url: str) -> None:
        self._targets = targets
        self._engines = engines
        self._edge_url = edge_url

    @activity.defn(no_thread_cancel_exception=True)
    def deploy(self, target: Target) -> Deployed:
        """Ask for the release, then wait until every replica runs it and is healthy.

        The engine takes an equal number as already asked for: after a SIGKILL the next attempt
        goes on waiting, without a second update. A cancel stops the waiting, not the update:
        there is no way back. :raises DeployHalted: old tasks that were not replaced go on serving.
        """
        with Heartbeat() as progress:
            progress.say("reading the manifest")
            deployment = self._targets.deployment(target)
            engine = self._engines[deployment.definition.kind]
            action = engine.deploy(deployment, progress)
            state = self._arrived(engine, deployment, progress)
        done = {Action.CREATE: "created", Action.UPDATE: "updated", Action.NOTHING: "already there"}[action]
        return Deployed(
            detail=f"#{target.number} {done}, {_replicas(state)}",
            url=self._url(deployment),
            abandons=target.environment is Environment.PROD and self._targets.abandons(deployment.definition),
        )

    def _arrived(self, engine: EnvironmentEngine, deployment: Deployment, progress: Progress) -> ServiceState:
        timeout = deployment.definition.deploy.timeout.total_seconds()
        deadline, looks = time.monotonic() + timeout, pauses(POLL, LONGEST_POLL)
        while True:
            engine.keep_serving(deployment)
            state = engine.observe(deployment.environment, deployment.service)
            if state is None:
                raise DeployHalted(f"{deployment.name} was removed from {deployment.environment} during the deploy")
            if settled(state, deployment):
                return state
            serving = state.serving(deployment.number)
            progress.say(f"{serving} of {state.replicas} replicas of #{deployment.number} serve")
            if time.monotonic() > deadline:
                raise DeployHalted(
                    f"{deployment.name}: {serving} of {state.replicas} replicas of #{deployment.number} "
                    f"serve after {timeout:.0f} s (deploy.timeout)"
                )
            progress.wait(next(looks))

    def _url(self, deployment: Deployment) -> str:
        ingress = deployment.definition.ingress
        return self._edge_url.rstrip("/") + ingress.path if ingress and self._edge_url else ""


def _replicas(state: ServiceState) -> str:
    return "1 replica" if state.replicas == 1 else f"{state.replicas} replicas"
