"""A release's side of the talk with roll-forwards: it is adopted, it closes one – or it opens one."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.roll_forwards import RollForwardActivities
    from domain.evidence import FailedRelease
    from domain.identity import Duty
    from domain.release import ReleaseRequest, ReleaseResult, ReleaseStatus
    from domain.roll_forward_messages import Begun, EndedWell
    from domain.workflow_ids import roll_forward_id
    from workflows import policies
    from workflows.signalling import heard


class Incident:
    """The roll-forward that a release belongs to, if there is one.

    Its own service's – or the one that started it as a fix, which may be another service's.
    """

    def __init__(self, request: ReleaseRequest) -> None:
        self._request = request
        self._id = request.roll_forward or roll_forward_id(request.service)
        self._belongs = False

    @property
    def is_fix(self) -> bool:
        """Whether the release takes the express lane."""
        return self._belongs

    async def begin(self) -> None:
        """A release that begins while its service's roll-forward is open is a fix."""
        info = workflow.info()
        self._belongs = await self._say("begun", Begun(request=self._request, run=info.run_id, at=info.start_time))

    async def join(self, roll_forward: str) -> None:
        """A release that is under way has become a fix – unless it is another roll-forward's already."""
        if self._belongs and self._id != roll_forward:
            return
        self._id = roll_forward
        workflow.upsert_memo({"roll_forward": roll_forward})
        await self.begin()

    async def ended_well(self, result: ReleaseResult) -> None:
        """Verified, it may close a roll-forward – also one that opened while it was on its way."""
        ended = EndedWell(
            release=result.release,
            run=workflow.info().run_id,
            service=self._request.service,
            status=result.status,
            number=result.number,
            at=workflow.now(),
        )
        await self._say("ended_well", ended)
        own = roll_forward_id(self._request.service)
        if self._id != own:
            await self._say("ended_well", ended, own)

    async def ended_badly(self, result: ReleaseResult) -> str | None:
        """The roll-forward that the release belongs to from now on: opened, if there is none.

        A refused release opens none: nothing of it was accepted.
        """
        failed = FailedRelease(request=self._request, run=workflow.info().run_id, result=result, ended=workflow.now())
        if self._belongs and await self._say("failed", failed):
            return self._id
        if result.status is ReleaseStatus.REFUSED:
            return None
        return await workflow.execute_activity_method(
            RollForwardActivities.open,
            failed,
            **policies.lasting(Duty.ORCHESTRATE, f"open the roll-forward of {self._request.service}"),
        )

    async def _say(self, signal: str, message: Begun | EndedWell | FailedRelease, to: str = "") -> bool:
        """Whether an open roll-forward has heard it."""
        return await heard(workflow.get_external_workflow_handle(to or self._id).signal(signal, message))
