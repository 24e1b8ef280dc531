"""What a release hears: from the gate of its application, and from its own regression."""

from __future__ import annotations

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.gate_decisions import Published, Rejected, SupersededBy, Test, Turn
    from domain.regression_steps import RegressionResult
    from workflows.candidacy import Candidacy


class AtTheGate:
    """The signals of a workflow that has a candidacy; each is passed on to it."""

    _candidacy: Candidacy

    @workflow.signal(description="The gate: be tested on this basis")
    def test(self, said: Test) -> None:
        """Whatever was tested before no longer counts."""
        self._candidacy.hear(said)

    @workflow.signal(description="The gate: published under this number")
    def published(self, said: Published) -> None:
        """The turn to deploy comes."""
        self._candidacy.hear(said)

    @workflow.signal(description="The gate: not published")
    def rejected(self, said: Rejected) -> None:
        """The regression on the published set itself has failed."""
        self._candidacy.hear(said)

    @workflow.signal(description="The gate: deploy now")
    def turn(self, said: Turn) -> None:
        """Once for ci, when nobody of an earlier turn deploys any more; once for prod, with all others of its turn."""
        self._candidacy.hear(said)

    @workflow.signal(description="The gate: a newer release is deployed in its place")
    def superseded(self, said: SupersededBy) -> None:
        """It ends well: what it brought is in the newer one."""
        self._candidacy.hear(said)

    @workflow.signal(description="Its regression: ended like this")
    def regressed(self, result: RegressionResult) -> None:
        """The slice may still be there."""
        self._candidacy.regressed(result)

    @workflow.signal(description="The sweep: the gate that knew this release is gone")
    async def introduce(self) -> None:
        """Go to the new one."""
        await self._candidacy.introduce()
