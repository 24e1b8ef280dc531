"""Opens roll-forwards, through Temporal itself; needs no other key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, WorkflowIDConflictPolicy
from temporalio.service import RPCError, RPCStatusCode

from domain.evidence import FailedRelease
from domain.identity import Duty, ServiceId
from domain.message import Message
from domain.notice import Event
from domain.roll_forward import RollForwardView
from domain.roll_forward_messages import ROLL_FORWARD
from domain.roll_forward_state import RollForwardState, Telling
from domain.workflow_ids import roll_forward_id, task_queue

COMMIT = SearchAttributeKey.for_keyword("OnwardCommit")


class LastVerified(Message):
    """The commit of a service's newest verified release; ``None`` when there is none."""

    commit: str | None


class RollForwardActivities:
    """Makes sure that a failed release has a roll-forward.

    :param client: of the namespace that the workflows run in.
    :param remind_every: how often on-call is told again until somebody has acknowledged.
    """

    def __init__(self, client: Client, remind_every: timedelta) -> None:
        self._client = client
        self._remind_every = remind_every

    @activity.defn
    async def open(self, failed: FailedRelease) -> str:
        """Tell the service's roll-forward of a failed release; it is opened if it is not.

        Opening and telling are one call of the server, so that of two failures at once one opens and
        both are known. A second call changes nothing: the roll-forward knows its releases by their runs.
        """
        service = failed.request.service
        asked_for = failed.request.roll_forward
        if asked_for and await self._is_told(asked_for, failed):
            return asked_for
        await self._start(service, RollForwardState(service=service, remind_every=self._remind_every), failed)
        return roll_forward_id(service)

    async def _is_told(self, roll_forward: str, failed: FailedRelease) -> bool:
        """Whether the roll-forward that asked for a release, perhaps of another service, has heard of its end."""
        try:
            await self._client.get_workflow_handle(roll_forward).signal("failed", failed)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    @activity.defn
    async def reopen(self, view: RollForwardView) -> None:
        """Go on with a roll-forward that somebody ended: only a later verified release closes one.

        A second call changes nothing.
        """
        incident = view.incident
        incident.say("Onward", datetime.now(UTC), "was ended by somebody; only a later verified release closes it")
        untold = (Telling(event=Event.OPENED, key=incident.first.run),)  # once, if that was not done
        state = RollForwardState(
            service=incident.service, remind_every=self._remind_every, incident=incident, untold=untold
        )
        await self._start(incident.service, state)

    async def _start(self, service: ServiceId, state: RollForwardState, failed: FailedRelease | None = None) -> None:
        await self._client.start_workflow(
            ROLL_FORWARD,
            state,
            id=roll_forward_id(service),
            task_queue=task_queue(Duty.ORCHESTRATE),
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            start_signal="failed" if failed else None,
            start_signal_args=[failed] if failed else [],
            static_summary=f"roll-forward of {service}",
        )

    @activity.defn
    async def last_verified(self, service: ServiceId) -> LastVerified:
        """What worked last."""
        query = (
            "WorkflowType = 'Release' AND OnwardStatus = 'verified' "
            f"AND OnwardApplication = '{service.application}' AND OnwardRole = '{service.role}'"
        )
        async for found in self._client.list_workflows(query, limit=1):
            return LastVerified(commit=found.typed_search_attributes.get(COMMIT))
        return LastVerified(commit=None)
