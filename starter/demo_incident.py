"""The roll-forward of the demo, handled as on-call would."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from domain.environment import Environment
from domain.errors import OnwardError, Unreachable
from domain.evidence import EnvironmentEvidence, EvidenceDocument
from domain.lookups import EvidenceLookup
from domain.release import ReleaseResult
from domain.roll_forward import RollForwardView, State
from domain.roll_forward_messages import Acknowledge, Fix
from starter.command import myself
from starter.connection import Connection
from starter.evidence import evidence_text
from starter.incident_text import who_has_it
from starter.lookups import ask
from starter.output import Output
from starter.roll_forwards import RollForwards, roll_forward_table
from workflows.lookups import EvidenceWorkflow

PATIENCE = 120.0
SHOWN_LINES = 8


class DemoIncident:
    """The roll-forward that a failed release belongs to.

    :raises OnwardError: the release has none.
    """

    def __init__(self, connection: Connection, failed: ReleaseResult, output: Output) -> None:
        if failed.roll_forward is None:
            raise OnwardError(f"{failed.release} failed, and no roll-forward is open")
        self._connection = connection
        self._release = failed.release
        self._output = output
        self._found = RollForwards(connection.client)
        self._handle = self._found.find(failed.roll_forward)

    async def listed(self) -> None:
        """As ``onward roll-forwards`` does."""
        await self._until("open", lambda view: view.state is not State.CLOSED)
        self._said("onward roll-forwards")
        roll_forward_table(self._output, [row async for row in self._found.rows(closed=False)])

    async def acknowledged(self) -> None:
        """As ``onward ack`` does: nobody is told again."""
        self._said(f"onward ack {self._service}")
        view = await self._found.say(self._handle, "ack", Acknowledge(by=myself()))
        self._output.text(who_has_it(view))

    async def evidence(self) -> None:
        """As ``onward evidence`` does, once it is collected."""
        await self._until("provided with evidence", lambda view: view.incident.last_failed.evidence != "")
        self._said(f"onward evidence {self._release}")
        found = await ask(
            self._connection.client, EvidenceWorkflow.run, EvidenceLookup(release=self._release), "evidence"
        )
        document = EvidenceDocument.model_validate_json(found.document)
        self._output.text(evidence_text(document.model_copy(update={"environments": _of_prod(document)})))
        self._output.text(f"(shortened; all of it: onward evidence {self._release})")

    async def fixed(self, commit: str) -> str:
        """As ``onward fix`` does; the release that was started."""
        self._said(f"onward fix {self._service} --commit {commit}")
        message = Fix(commit=commit, by=myself(), reason="a shop without any big cart has no average")
        return (await self._found.begin(self._handle, "fix", message)).release

    async def closed(self) -> RollForwardView:
        """What it is at its end; the fix closes it."""
        view = await self._until("closed", lambda view: view.state is State.CLOSED)
        self._output.text(f"{view.roll_forward} was closed by {view.incident.closed_by}")
        return view

    @property
    def _service(self) -> str:
        return self._handle.id.partition(":")[2]

    def _said(self, command: str) -> None:
        self._output.text(f"\n$ {command}")

    async def _until(self, what: str, condition: Callable[[RollForwardView], bool]) -> RollForwardView:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with suppress(Unreachable):  # a machine that is busy: asked again
                view = await self._found.view(self._handle)
                if condition(view):
                    return view
            await asyncio.sleep(0.2)
        raise OnwardError(
            f"{self._handle.id}: not {what} within {PATIENCE:.0f} s\n  next: onward show {self._handle.id}"
        )


def _of_prod(document: EvidenceDocument) -> tuple[EnvironmentEvidence, ...]:
    """Where it failed, with the last words of its logs."""
    return tuple(
        each.model_copy(update={"tail": "\n".join(each.tail.splitlines()[-SHOWN_LINES:])})
        for each in document.environments
        if each.environment is Environment.PROD
    )
