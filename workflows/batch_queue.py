"""The queue of a batch job: a durable shell around :mod:`domain.batch_queue`, which decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.batch_queue import BatchQueueActivities
    from activities.batch_runs import BatchRunActivities
    from domain.batch import RunKey, RunKeys, RunsRequest, RunToEnd
    from domain.batch_queue import BATCH_QUEUE, Answer, AskForPlace, BatchQueue, LeavePlace, NewLimit
    from domain.identity import Duty, canonical_name, duty_of
    from workflows import attributes, policies
    from workflows.signalling import heard

Event = Callable[[BatchQueue], tuple[BatchQueue, list[Answer]]]

#: A run that was terminated says nothing: its place is free within this time, once its container is gone.
LOOK_AFTER = timedelta(seconds=20)

END_TIMEOUT = timedelta(minutes=2)


@workflow.defn(name=BATCH_QUEUE)
class BatchQueueWorkflow:
    """A message machine, as a gate; it is there while a run is going or waits, and begins anew from what it finds."""

    @workflow.init
    def __init__(self, queue: BatchQueue) -> None:
        self._queue = queue
        self._events: list[Event] = []
        self._answers: list[Answer] = []
        self._look_after_at = workflow.now() + LOOK_AFTER

    @workflow.run
    async def run(self, queue: BatchQueue) -> None:  # noqa: ARG002 – init keeps it
        """Until nothing is going and nobody waits."""
        service = self._queue.service
        workflow.upsert_search_attributes(
            [attributes.APPLICATION.value_set(service.application), attributes.ROLE.value_set(service.role)]
        )
        if not self._queue.informed:
            there = await self._going()
            self._events.insert(0, lambda queue: queue.informed_of(there))
        while True:
            self._decide()
            await self._answer()
            if self._events:
                continue
            if self._queue.is_idle:
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(self._queue)
            await self._next_event()

    @workflow.signal(description="A run wants to begin")
    def ask(self, message: AskForPlace) -> None:
        """It is answered with a signal, at once or when it is its turn."""
        self._events.append(lambda queue: queue.asked(message))

    @workflow.signal(description="A run is over, and nothing of it is left")
    def leave(self, message: LeavePlace) -> None:
        """Whoever is next begins."""
        self._events.append(lambda queue: queue.left([message.key]))

    @workflow.signal(description="A release of the job says how many may be going")
    def limit(self, message: NewLimit) -> None:
        """Whoever waits begins or goes on waiting accordingly; what is going goes on."""
        self._events.append(lambda queue: queue.limited(message))

    @workflow.query(description="Which runs are going and which wait")
    def view(self) -> BatchQueue:
        """The queue as it is."""
        return self._queue

    def _decide(self) -> None:
        events, self._events = self._events, []
        for event in events:
            self._queue, answers = event(self._queue)
            self._answers += answers
        workflow.set_current_details(_page(self._queue))

    async def _answer(self) -> None:
        answers, self._answers = self._answers, []
        told = await asyncio.gather(*(self._tell(each) for each in answers))
        gone = [answer.key for answer, taken in zip(answers, told, strict=True) if not taken]
        await self._end(key for key in gone if key in self._queue.known)

    async def _tell(self, answer: Answer) -> bool:
        run = workflow.get_external_workflow_handle(answer.key.workflow, run_id=answer.key.run)
        return await heard(run.signal("place", answer.place))

    async def _next_event(self) -> None:
        """Those who died without a word are looked for at their time, however much is said meanwhile."""
        try:
            await workflow.wait_condition(
                lambda: bool(self._events),
                timeout=max(self._look_after_at - workflow.now(), timedelta(0)),
                timeout_summary="see whether a run died",
            )
        except TimeoutError:
            await self._look_after()
            self._look_after_at = workflow.now() + LOOK_AFTER

    async def _look_after(self) -> None:
        over = await workflow.execute_activity_method(
            BatchQueueActivities.over,
            RunKeys(keys=tuple(self._queue.known)),
            **policies.enduring(Duty.ORCHESTRATE, "ask whose run is over", timedelta(minutes=1)),
        )
        await self._end(over.keys)

    async def _end(self, keys: Iterable[RunKey]) -> None:
        """A place is free when nothing is left of its run, not when its workflow has ended."""
        for key in keys:
            await workflow.execute_activity_method(
                BatchRunActivities.end,
                RunToEnd(environment=self._queue.environment, service=self._queue.service, key=key, unseen=True),
                **policies.enduring(duty_of(self._queue.environment), f"end what {key.workflow} has left", END_TIMEOUT),
            )
            self._events.append(lambda queue, key=key: queue.left([key]))  # type: ignore[misc]

    async def _going(self) -> tuple[RunKey, ...]:
        """A queue that was ended by somebody left its runs going."""
        request = RunsRequest(environment=self._queue.environment, service=self._queue.service)
        found = await workflow.execute_activity_method(
            BatchRunActivities.going,
            request,
            **policies.lasting(duty_of(self._queue.environment), "ask which runs are going"),
        )
        return found.keys


def _page(queue: BatchQueue) -> str:
    name = canonical_name(queue.environment, queue.service)
    lines = [f"## {name}: {len(queue.going)} of {queue.limit} going, {len(queue.waiting)} waiting"]
    lines += [f"- ▶ `{key.workflow}`" for key in queue.going]
    lines += [f"- … `{ask.key.workflow}`" for ask in queue.waiting]
    return "\n".join(lines)
