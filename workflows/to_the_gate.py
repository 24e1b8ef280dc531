"""What a release says to the gate of its application; a gate that is gone waits for nobody."""

from __future__ import annotations

from collections.abc import Callable

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.gate import GateActivities
    from domain.artifact import Digest
    from domain.gate_decisions import Published
    from domain.gate_messages import GivenVerdict, Hasten, Join, Leave, Resume, Verified
    from domain.identity import Duty
    from domain.release import ReleaseRequest
    from domain.workflow_ids import candidate_key, gate_id
    from workflows import policies
    from workflows.signalling import heard


class ToTheGate:
    """One side of the talk; :class:`workflows.candidacy.Candidacy` is the other one too.

    :param is_fix: whether the release takes the express lane, asked at the time.
    """

    def __init__(self, request: ReleaseRequest, is_fix: Callable[[], bool]) -> None:
        self._service = request.service
        self._is_fix = is_fix
        self._key = candidate_key(request.id, workflow.info().run_id)

    async def join(self, manifest: Digest) -> None:
        """Ask to be published."""
        message = Join(
            application=self._service.application,
            key=self._key,
            role=self._service.role,
            manifest=manifest,
            express=self._is_fix(),
        )
        about = policies.lasting(Duty.ORCHESTRATE, f"join the queue of {self._service.application}")
        await workflow.execute_activity_method(GateActivities.join, message, **about)

    async def resume(self, published: Published, *, verified: bool) -> None:
        """Ask for a turn, of a gate that did not publish this release.

        :param verified: in ci.
        """
        message = Resume(
            application=self._service.application,
            key=self._key,
            role=self._service.role,
            number=published.number,
            express=self._is_fix(),
            verified=verified,
        )
        about = policies.lasting(Duty.ORCHESTRATE, f"wait for a turn in {self._service.application}")
        await workflow.execute_activity_method(GateActivities.resume, message, **about)

    async def answer(self, test: int, *, passed: bool, verdict: Digest) -> bool:
        """How a test ended; ``False`` when the gate that asked for it is gone."""
        return await self._heard("verdict", GivenVerdict(key=self._key, test=test, passed=passed, verdict=verdict))

    async def verified(self) -> None:
        """It is verified in ci."""
        await self._heard("verified", Verified(key=self._key))

    async def end(self) -> None:
        """The turn is over."""
        await self._heard("deployed", Leave(key=self._key))

    async def leave(self, number: int, holder: str, reason: str) -> None:
        """Nobody need wait any more.

        :param number: 0 if it was not published.
        :param holder: the roll-forward in whose name the turns are frozen from now on, if it is published.
        """
        await self._heard("leave", Leave(key=self._key, number=number, holder=holder, reason=reason))

    async def hasten(self) -> None:
        """It is a fix now."""
        await self._heard("hasten", Hasten(key=self._key))

    async def _heard(self, signal: str, message: GivenVerdict | Leave | Hasten | Verified) -> bool:
        gate = workflow.get_external_workflow_handle(gate_id(self._service.application))
        there = await heard(gate.signal(signal, message))
        if not there:
            workflow.logger.info("the gate is gone")
        return there
