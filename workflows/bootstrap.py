"""What an environment needs before anything is deployed to it: compared, and made."""

from __future__ import annotations

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.bootstrap import BootstrapActivities
    from activities.search_attributes import SearchAttributeActivities
    from domain.bootstrap import EnvironmentParts, EnvironmentQuestion, SearchAttributes
    from domain.identity import Duty, duty_of
    from workflows import attributes, policies
    from workflows.asking import answer_of


def _wanted() -> SearchAttributes:
    return SearchAttributes(types={key.name: int(key.indexed_value_type) for key in attributes.ALL})


async def _compared(question: EnvironmentQuestion) -> EnvironmentParts:
    """Ask Temporal, and the environment's own worker."""
    duty = duty_of(question.environment)
    registered, there = await asyncio.gather(
        answer_of(
            Duty.ORCHESTRATE,
            workflow.execute_activity_method(
                SearchAttributeActivities.compare_search_attributes,
                _wanted(),
                **policies.lookup(Duty.ORCHESTRATE, "which search attributes are registered"),
            ),
        ),
        answer_of(
            duty,
            workflow.execute_activity_method(
                BootstrapActivities.compare_environment,
                question,
                **policies.lookup(duty, f"what {question.environment} has"),
            ),
        ),
    )
    return there.model_copy(update={"parts": (*registered.parts, *there.parts)})


@workflow.defn(name="LookupEnvironment")
class EnvironmentDiffWorkflow:
    """What is there, and what applying would do; changes nothing."""

    @workflow.run
    async def run(self, question: EnvironmentQuestion) -> EnvironmentParts:
        """Compare."""
        return await _compared(question)


@workflow.defn(name="ApplyEnvironment")
class EnvironmentApplyWorkflow:
    """Make what is missing; the answer is what was found before it."""

    @workflow.run
    async def run(self, question: EnvironmentQuestion) -> EnvironmentParts:
        """Compare, register, lay. With nothing to do nothing is asked for."""
        found = await _compared(question)
        if found.to_do:
            await workflow.execute_activity_method(
                SearchAttributeActivities.register_search_attributes,
                _wanted(),
                **policies.brief(Duty.ORCHESTRATE, "register the search attributes that are missing"),
            )
            duty = duty_of(question.environment)
            await workflow.execute_activity_method(
                BootstrapActivities.lay_environment,
                question,
                **policies.long(duty, f"make what {question.environment} lacks", policies.PATIENCE),
            )
        return found
