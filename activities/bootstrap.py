"""What an environment needs: compared, and made by the duty that holds the environment's keys."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.own_environment import require_own
from domain import keys
from domain.bootstrap import EnvironmentParts, EnvironmentQuestion, Foundation, networks_of
from domain.environment import Environment
from domain.storage import ObjectStore


class BootstrapActivities:
    """Holds one environment's swarm; the applications are those that have something published."""

    def __init__(self, environment: Environment, foundation: Foundation, store: ObjectStore) -> None:
        self._environment = environment
        self._foundation = foundation
        self._store = store

    @activity.defn
    def compare_environment(self, question: EnvironmentQuestion) -> EnvironmentParts:
        """What is there and what is missing. Only reads."""
        require_own(self._environment, question.environment)
        applications = self._applications()
        return EnvironmentParts(
            environment=self._environment,
            parts=tuple(self._foundation.parts(self._environment, networks_of(self._environment, applications))),
            applications=tuple(applications),
            edge=self._foundation.has_edge,
        )

    @activity.defn(no_thread_cancel_exception=True)
    def lay_environment(self, question: EnvironmentQuestion) -> None:
        """Make what is missing.

        Every part is made when it is not there: after a SIGKILL the next attempt makes the rest.
        """
        require_own(self._environment, question.environment)
        with Heartbeat() as progress:
            progress.say(f"making what {self._environment} lacks")
            self._foundation.lay(self._environment, networks_of(self._environment, self._applications()), progress)

    def _applications(self) -> list[str]:
        return [keys.published_application(key) for key in self._store.keys(keys.PUBLISHED)]
