"""Short workflows about sizes: what they are, and one of them changed."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.scale import ScaleActivities
    from domain.identity import canonical_name, duty_of
    from domain.scale import Change, ScaleOrder, ScaleQuestion, ScaleRequest, Sizes
    from workflows import attributes, policies
    from workflows.asking import answer_of

#: Of one attempt: an update that is on its way is waited for, and then ``deploy.timeout``.
SCALE_TIMEOUT = timedelta(hours=1)


@workflow.defn(name="LookupSizes")
class SizesWorkflow:
    """The sizes of an application's services in one environment, and who changed them."""

    @workflow.run
    async def run(self, question: ScaleQuestion) -> Sizes:
        """Ask the environment's own worker."""
        duty = duty_of(question.environment)
        config = policies.lookup(duty, f"sizes of {question.application} in {question.environment}")
        return await answer_of(duty, workflow.execute_activity_method(ScaleActivities.sizes, question, **config))


@workflow.defn(name="Scale")
class ScaleWorkflow:
    """One service gets the size that a person asks for; its ID makes it one at a time."""

    @workflow.run
    async def run(self, request: ScaleRequest) -> Change:
        """Record it, ask for it, and wait until so many replicas serve."""
        workflow.upsert_search_attributes(
            [
                attributes.APPLICATION.value_set(request.service.application),
                attributes.ROLE.value_set(request.service.role),
            ]
        )
        duty, name = duty_of(request.environment), canonical_name(request.environment, request.service)
        return await workflow.execute_activity_method(
            ScaleActivities.scale,
            ScaleOrder(request=request, at=workflow.now(), run=workflow.info().run_id),
            **policies.long(duty, f"scale {name} to {request.replicas}", SCALE_TIMEOUT),
        )
