"""Roll-forwards as on-call uses them: list, see, answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from temporalio.client import Client, WorkflowHandle

from domain.errors import InvalidInput
from domain.identity import ServiceId
from domain.message import Message
from domain.roll_forward import RollForwardView
from domain.roll_forward_messages import ROLL_FORWARD, FixStarted
from domain.roll_forward_row import RollForwardRow
from domain.workflow_ids import ROLL_FORWARD_PREFIX, parse_roll_forward_id, roll_forward_id
from starter.answers import answered, seen
from starter.output import Output
from starter.text import age
from workflows.roll_forward import RollForwardWorkflow

Handle = WorkflowHandle[RollForwardWorkflow, RollForwardView]


def is_roll_forward(text: str) -> bool:
    """Whether a person means a roll-forward and not a release."""
    return text.startswith(ROLL_FORWARD_PREFIX)


class RollForwards:
    """The roll-forwards of one Temporal namespace."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def rows(self, *, closed: bool, limit: int = 1000) -> AsyncIterator[RollForwardRow]:
        """The newest first; only what is open, or the closed ones as well."""
        states = "('Running', 'Completed')" if closed else "('Running')"
        query = f"WorkflowType = '{ROLL_FORWARD}' AND ExecutionStatus IN {states}"
        async for found in self._client.list_workflows(query, limit=limit):
            row = (await found.memo()).get("row")
            if row is not None:  # else it is just being opened
                yield RollForwardRow.model_validate(row)

    def find(self, text: str) -> Handle:
        """The newest roll-forward of a service: ``shop-cart`` or ``roll-forward:shop-cart``."""
        try:
            service = parse_roll_forward_id(text) if ":" in text else ServiceId.parse(text)
        except ValueError:
            raise InvalidInput(
                f"{text!r} names no service",
                expected="shop-cart, or roll-forward:shop-cart",
                next="onward roll-forwards",
            ) from None
        return self._client.get_workflow_handle_for(RollForwardWorkflow.run, roll_forward_id(service))

    async def failed_release(self, text: str) -> str:
        """The ID of the release that a roll-forward is about: the last one that failed."""
        return (await self.view(self.find(text))).incident.last_failed.request.id

    async def view(self, handle: Handle) -> RollForwardView:
        """A roll-forward as it is now, open or closed.

        :raises NotFound: nothing of the service has failed.
        :raises Unreachable: no worker of the orchestrate duty answers.
        """
        absent = f"there is no {handle.id}\n  next: onward roll-forwards --all"
        return await seen(self._client, handle, RollForwardWorkflow.view, absent)

    async def say(self, handle: Handle, update: str, message: Message) -> RollForwardView:
        """A person's word: ``ack``, ``note``, ``name_culprit``. :raises Refused: with the reason."""
        return await answered(self._client, lambda: handle.execute_update(update, message, result_type=RollForwardView))

    async def begin(self, handle: Handle, update: str, message: Message) -> FixStarted:
        """A ``fix`` or a ``retry``; it is looked at before it is begun. :raises Refused: with the reason."""
        return await answered(
            self._client, lambda: handle.execute_update(update, message, result_type=FixStarted), patience=120
        )


def roll_forward_table(output: Output, rows: Sequence[RollForwardRow], empty: str = "nothing is broken") -> None:
    """The rows for a person."""
    output.table(
        ["roll-forward", "state", "failed in", "prod", "open for", "who has it", "attempts", "release"],
        [
            (
                *(r.roll_forward, r.state, r.stage, "affected" if r.prod_affected else "as it was"),
                *(age(r.opened, r.closed), r.acknowledged_by or "nobody", r.attempts, r.release),
            )
            for r in rows
        ],
        empty=empty,
    )
