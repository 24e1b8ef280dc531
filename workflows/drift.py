"""The check for drift, run by a schedule; an environment that does not answer keeps no other from it."""

from __future__ import annotations

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.drift import DriftActivities
    from domain.drift import DriftCheck, Drifts
    from domain.environment import ENVIRONMENTS, Environment
    from domain.identity import duty_of
    from domain.message import Message
    from workflows import policies
    from workflows.journal import reason_of


class DriftsFound(Message):
    """What was found in each environment."""

    environments: tuple[Drifts, ...]


@workflow.defn(name="Drift")
class DriftWorkflow:
    """Run by a schedule every minute; one that takes longer delays the next."""

    @workflow.run
    async def run(self) -> DriftsFound:
        """Ask the environments at the same time."""
        found = await asyncio.gather(*(self._checked(environment) for environment in ENVIRONMENTS))
        return DriftsFound(environments=tuple(found))

    async def _checked(self, environment: Environment) -> Drifts:
        about = policies.looked_through(duty_of(environment), f"look for what was changed by hand in {environment}")
        try:
            return await workflow.execute_activity_method(
                DriftActivities.check_drift, DriftCheck(environment=environment), **about
            )
        except ActivityError as error:
            return Drifts(environment=environment, fault=reason_of(error))
