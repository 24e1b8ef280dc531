"""ci at prod's size for some hours: a durable timer sees to it that nobody forgets it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.scale import ScaleActivities
    from domain.environment import Environment
    from domain.identity import Duty
    from domain.mirror import Mirror, Mirrored, MirrorOf, MirrorOrder, Reset
    from domain.scale import ScaleQuestion
    from workflows import attributes, policies
    from workflows.concurrently import to_its_end

MIRROR_TIMEOUT = timedelta(hours=1)

#: How long a service that could not be given its own size is left alone.
AGAIN = timedelta(minutes=5)


class _Asked:
    """What somebody waits for."""

    def __init__(self, message: Mirror | Reset) -> None:
        self.message = message
        self.outcome: Mirrored | ActivityError | None = None


@workflow.defn(name="Mirror")
class MirrorWorkflow:
    """The mirror of one application: open as long as it is on, by the rule that a workflow ID runs once.

    What is asked for is carried out one after the other by the main loop.
    """

    @workflow.init
    def __init__(self, mirror: MirrorOf) -> None:
        self._application = mirror.application
        self._asked: list[_Asked] = []
        self._until: datetime | None = None
        self._by = "Onward"

    @workflow.run
    async def run(self, mirror: MirrorOf) -> None:  # noqa: ARG002 – init keeps it
        """Do what people ask; when the time is over, or by a cancel, give ci its own sizes back."""
        workflow.upsert_search_attributes([attributes.APPLICATION.value_set(self._application)])
        await workflow.wait_condition(lambda: bool(self._asked))
        while True:
            try:
                while self._asked or self._until is not None:
                    asked = await self._next()
                    await to_its_end(self._carry_out(asked))
            except asyncio.CancelledError:
                self._asked.append(self._own_reset("the mirror was cancelled"))
                continue
            await workflow.wait_condition(workflow.all_handlers_finished)
            if not self._asked:
                return

    @workflow.update(
        description='As long as it is on: {"application": "shop", "by": "ann", "reason": "…", "lasts": "2h"}'
    )
    async def mirror(self, message: Mirror) -> Mirrored:
        """Prod's sizes as they are now; one that is on lasts from now on as long as this says."""
        return await self._answered(message)

    @workflow.update(description='End it now: {"application": "shop", "by": "ann", "reason": "found it"}')
    async def reset(self, message: Reset) -> Mirrored:
        """The sizes that ci had before."""
        return await self._answered(message)

    async def _answered(self, message: Mirror | Reset) -> Mirrored:
        asked = _Asked(message)
        self._asked.append(asked)
        await workflow.wait_condition(lambda: asked.outcome is not None)
        if isinstance(asked.outcome, Mirrored):
            return asked.outcome
        raise asked.outcome or AssertionError("the condition waits for an outcome")

    async def _next(self) -> _Asked:
        """What was asked first, or the end of the mirror."""
        left = self._until - workflow.now() if self._until is not None else None
        try:
            await workflow.wait_condition(
                lambda: bool(self._asked), timeout=left, timeout_summary="give ci its own sizes back"
            )
        except TimeoutError:
            return self._own_reset(f"the mirror that {self._by} asked for has expired")
        return self._asked.pop(0)

    def _own_reset(self, reason: str) -> _Asked:
        return _Asked(Reset(application=self._application, by="Onward", reason=reason))

    async def _carry_out(self, asked: _Asked) -> None:
        try:
            if isinstance(asked.message, Mirror):
                asked.outcome = await self._mirror(asked.message)
            else:
                asked.outcome = await self._reset(asked.message)
        except ActivityError as error:
            asked.outcome = error
            if self._until is not None and self._until <= workflow.now():
                self._until = workflow.now() + AGAIN

    async def _mirror(self, message: Mirror) -> Mirrored:
        sizes = await workflow.execute_activity_method(
            ScaleActivities.sizes,
            ScaleQuestion(environment=Environment.PROD, application=self._application),
            **policies.brief(Duty.PROD, f"sizes of {self._application} in prod"),
        )
        self._until, self._by = workflow.now() + message.lasts, message.by
        workflow.set_current_details(
            f"{self._application} has prod's size in ci until {self._until:%Y-%m-%d %H:%M} UTC"
        )
        order = self._order(message, {each.role: each.replicas for each in sizes.services})
        return await self._ordered(order, f"give {self._application} prod's size")

    async def _reset(self, message: Reset) -> Mirrored:
        done = await self._ordered(self._order(message, None), f"give {self._application} its own size")
        self._until = workflow.now() + AGAIN if done.left else None
        return done.model_copy(update={"until": self._until})

    async def _ordered(self, order: MirrorOrder, summary: str) -> Mirrored:
        return await workflow.execute_activity_method(
            ScaleActivities.mirror, order, **policies.long(Duty.CI, summary, MIRROR_TIMEOUT)
        )

    def _order(self, message: Mirror | Reset, sizes: dict[str, int] | None) -> MirrorOrder:
        return MirrorOrder(
            application=self._application,
            by=message.by,
            reason=message.reason,
            at=workflow.now(),
            run=workflow.info().run_id,
            sizes=sizes,
            until=self._until if sizes is not None else None,
        )
