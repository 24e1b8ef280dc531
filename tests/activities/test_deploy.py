"""The stage *deploy*: an engine is attended to for as long as it is waited for."""

from __future__ import annotations

from temporalio.testing import ActivityEnvironment

from activities.deploy import DeployActivities
from domain.deployment import Deployment, UpdateState
from domain.environment import Environment
from domain.service import Kind
from tests.activities.test_targets import Published
from tests.domain.builders import COMMIT, definition, manifest
from tests.fakes.engines import MemoryEngine


class Attended(MemoryEngine):
    """Gets nowhere by itself."""

    def keep_serving(self, deployment: Deployment) -> None:
        state = self.states[deployment.name]
        self.states[deployment.name] = state.model_copy(update={"update": UpdateState.COMPLETED})


def test_what_an_engine_owes_to_a_deploy_is_done_while_it_is_waited_for() -> None:
    published = Published(manifest(definition=definition("deploy: {timeout: 2s}\n")))
    engine = Attended()
    engine.slow_in[COMMIT] = Environment.PROD
    deploys = DeployActivities(published.targets(), {Kind.SERVICE: engine}, "http://edge.test")

    done = ActivityEnvironment().run(deploys.deploy, published.target())

    assert done.detail == "#1 created, 1 replica"
