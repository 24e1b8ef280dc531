"""The gate of an application: a durable shell around :mod:`domain.gate`, which decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from activities.publish import PublishActivities
    from domain.gate import BY_HAND, Gate
    from domain.gate_decisions import Decision, Publish
    from domain.gate_messages import (
        GATE,
        Freeze,
        Frozen,
        GateState,
        GivenVerdict,
        Hasten,
        Join,
        Leave,
        Resume,
        Unfreeze,
        Verified,
    )
    from domain.gate_view import GateView, gate_page, view_of, why_frozen
    from domain.identity import Duty
    from domain.stages import PublishedRequest, PublishRequest
    from domain.workflow_ids import parse_candidate_key
    from workflows import attributes, policies

Event = Callable[[Gate], list[Decision]]

#: Of one attempt: a publication reads all manifests of the set, and S3 may be slow.
SET_TIMEOUT = timedelta(minutes=2)


@workflow.defn(name=GATE)
class ApplicationWorkflow:
    """A message machine: handlers only note events; the loop lets the gate decide, and carries that out.

    It has no children and no long activity, so that it can continue as new at any moment.
    """

    @workflow.init
    def __init__(self, state: GateState) -> None:
        self._application = state.application
        self._events: list[Event] = []
        self._decisions: list[Decision] = list(state.decisions)
        self._gate = state.gate
        self._publishing: asyncio.Task[None] | None = None

    @workflow.run
    async def run(self, state: GateState) -> None:  # noqa: ARG002 – init keeps it
        """For as long as the application lives."""
        workflow.upsert_search_attributes([attributes.APPLICATION.value_set(self._application)])
        gate = self._gate or await self._new_gate()
        self._gate = gate
        while True:
            await self._carry_out()
            await workflow.wait_condition(lambda: bool(self._events) or self._is_time_to_go)
            self._decide(gate)
            if self._is_time_to_go:
                workflow.continue_as_new(
                    GateState(application=self._application, gate=gate, decisions=tuple(self._decisions))
                )

    # --- what releases say ------------------------------------------------------------------

    @workflow.signal(description="A candidate asks to be published")
    def join(self, message: Join) -> None:
        """At the end of the queue, or in the express lane."""
        self._note(lambda gate: gate.join(message.key, message.role, message.manifest, express=message.express))

    @workflow.signal(description="A published release asks for its turn")
    def resume(self, message: Resume) -> None:
        """For a gate that is newer than the release."""
        resumed = message.model_dump(exclude={"application"})
        self._note(lambda gate: gate.resume(**resumed))

    @workflow.signal(description="A candidate's regression has ended")
    def verdict(self, message: GivenVerdict) -> None:
        """Counts if it is the test that was asked for last."""
        self._note(lambda gate: gate.verdict(message.key, message.test, passed=message.passed, verdict=message.verdict))

    @workflow.signal(description="A release has left, wherever it stood")
    def leave(self, message: Leave) -> None:
        """Nobody waits for it any more."""
        left = message.model_dump()
        self._note(lambda gate: gate.leave(**left))

    @workflow.signal(description="A release has become a fix")
    def hasten(self, message: Hasten) -> None:
        """Ahead of all that are none, and through a freeze."""
        self._note(lambda gate: gate.hasten(message.key))

    @workflow.signal(description="A release is verified in ci")
    def verified(self, message: Verified) -> None:
        """It goes on to prod with the others of its turn."""
        self._note(lambda gate: gate.verified(message.key))

    @workflow.signal(description="A turn to deploy has ended")
    def deployed(self, message: Leave) -> None:
        """The next turn can be given."""
        self._note(lambda gate: gate.deployed(message.key))

    # --- what people and roll-forwards say --------------------------------------------------

    @workflow.update(description='Hold the turns to deploy: {"application": "shop", "reason": "stock-taking (ann)"}')
    def freeze(self, message: Freeze) -> Frozen:
        """Tests and publications go on; fixes are let through."""
        self._note(lambda gate: gate.freeze(message.holder, message.reason))
        return Frozen(frozen={**self._frozen, message.holder: message.reason})

    @workflow.update(description='Let the turns go on: {"application": "shop", "by": "ann"}')
    def unfreeze(self, message: Unfreeze) -> Frozen:
        """Once nobody else holds them."""
        self._note(lambda gate: gate.unfreeze(message.holder))
        return Frozen(frozen={holder: why for holder, why in self._frozen.items() if holder != message.holder})

    @unfreeze.validator
    def _may_unfreeze(self, message: Unfreeze) -> None:
        """What nobody froze by hand is not let go by hand."""
        if message.holder == BY_HAND and BY_HAND not in self._frozen:
            others = why_frozen(self._frozen)
            more = f"; it is held by {others}, and let go when that is closed" if others else ""
            text = f"{self._application} is not frozen by hand{more}"
            raise ApplicationError(text, type="Refused", non_retryable=True)

    @workflow.query(description="Queue, basis, window, who waits for whom, whose turn it is")
    def view(self) -> GateView:
        """The gate as people see it."""
        return view_of(self._application, self._gate or Gate())

    @property
    def _frozen(self) -> dict[str, str]:
        return self._gate.frozen if self._gate else {}

    # --- what follows -----------------------------------------------------------------------

    def _note(self, event: Event) -> None:
        self._events.append(event)

    def _decide(self, gate: Gate) -> None:
        events, self._events = self._events, []
        for event in events:
            self._decisions += event(gate)
        workflow.set_current_details(gate_page(view_of(self._application, gate)))

    async def _carry_out(self) -> None:
        """Tell each release what concerns it, in order; all of them at once. A write goes on beside it."""
        decisions, self._decisions = self._decisions, []
        told: dict[str, list[Decision]] = {}
        for each in decisions:
            if isinstance(each, Publish):
                self._publishing = asyncio.create_task(self._publish(each))
            else:
                told.setdefault(each.key, []).append(each)
        await asyncio.gather(*(self._tell(key, messages) for key, messages in told.items()))

    async def _tell(self, key: str, messages: Iterable[Decision]) -> None:
        release, run = parse_candidate_key(key)
        handle = workflow.get_external_workflow_handle(release, run_id=run)
        try:
            for message in messages:
                await handle.signal(message.kind, message)
        except FailureError:
            workflow.logger.info("%s is gone", key)
            self._note(lambda gate: gate.gone(key))

    async def _publish(self, decision: Publish) -> None:
        """The short write; what came of it is an event like any other."""
        request = PublishRequest(
            application=self._application,
            release=parse_candidate_key(decision.key)[0],
            manifest=decision.manifest,
            basis=decision.basis,
            verdict=decision.verdict,
        )
        try:
            outcome = await workflow.execute_activity_method(
                PublishActivities.publish,
                request,
                **policies.enduring(Duty.CI, f"publish {request.release}", SET_TIMEOUT),
            )
        except ActivityError as error:
            reason = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
            self._note(lambda gate: gate.refused(decision.key, reason))
            return
        if outcome.number is not None:
            number = outcome.number
            self._note(lambda gate: gate.wrote(decision.key, number))
        else:
            self._note(lambda gate: gate.contested(outcome.contested or {}, outcome.releases))

    async def _new_gate(self) -> Gate:
        """Tests are counted on from the milliseconds since 1970, so that none has the number of one
        that an older gate of the application asked for, however soon that one was replaced."""
        found = await workflow.execute_activity_method(
            PublishActivities.published,
            PublishedRequest(application=self._application),
            **policies.enduring(Duty.CI, "read the published set", SET_TIMEOUT),
        )
        return Gate(published=found.snapshot, releases=found.releases, tests=int(workflow.now().timestamp() * 1000))

    @property
    def _is_time_to_go(self) -> bool:
        """Nothing is under way that would be lost; what is decided but not done goes along."""
        writing = self._publishing is not None and not self._publishing.done()
        return workflow.info().is_continue_as_new_suggested() and not writing
