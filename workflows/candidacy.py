"""A release at the gate of its application: it asks, is tested, published, given its turn – and leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from temporalio import workflow
from temporalio.exceptions import ApplicationError
from temporalio.workflow import ChildWorkflowHandle, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from domain.artifact import Digest
    from domain.environment import Environment
    from domain.errors import RegressionFailed, Superseded
    from domain.gate_decisions import Decision, Published, Rejected, SupersededBy, Test, Turn
    from domain.junit import Verdict
    from domain.regression_steps import RegressionRequest, RegressionResult
    from domain.release import ReleaseRegression, ReleaseRequest
    from domain.workflow_ids import regression_id
    from workflows.ancestry import Ancestry
    from workflows.concurrently import heed_cancel
    from workflows.regression import RegressionWorkflow
    from workflows.to_the_gate import ToTheGate

Regression = ChildWorkflowHandle[RegressionWorkflow, RegressionResult]


class Candidacy:
    """Both sides of the talk with the gate. What comes late or twice changes nothing.

    :param tell: called with the newest regression whenever there is something new to show.
    :param is_fix: whether the release takes the express lane, asked at the time.
    """

    def __init__(
        self, request: ReleaseRequest, *, tell: Callable[[ReleaseRegression], None], is_fix: Callable[[], bool]
    ) -> None:
        self._request = request
        self._tell = tell
        self._ancestry = Ancestry(request)
        self._gate = ToTheGate(request, is_fix)
        self._manifest: Digest | None = None
        self._asked: Test | None = None
        self._tested: Test | None = None
        self._tests = 0
        self._behind = ""
        self._result: RegressionResult | None = None
        self._published: Published | None = None
        self._rejected: Rejected | None = None
        self._superseded: SupersededBy | None = None
        self._turns: set[Environment] = set()
        self._verified = False

    # --- what the gate says -----------------------------------------------------------------

    def hear(self, said: Decision) -> None:
        """One message of the gate."""
        match said:
            case Test():
                if self._asked is None or said.test > self._asked.test:
                    self._asked = said
            case Published():
                self._published = self._published or said
            case Rejected():
                self._rejected = said
            case Turn():
                self._turns.add(said.environment)
            case SupersededBy():
                self._superseded = said

    def regressed(self, result: RegressionResult) -> None:
        """A regression has ended, though its slice may not be gone yet."""
        self._result = result

    async def introduce(self) -> None:
        """Go to the gate once more: the one that knew this release is gone."""
        if self._published is not None:
            await self._gate.resume(self._published, verified=self._verified)
        elif self._manifest is not None and self._rejected is None:
            await self._gate.join(self._manifest)

    # --- what the release does --------------------------------------------------------------

    def follows(self, version: Digest | None) -> None:
        """The release is not behind this version of its service: the source stage has looked."""
        self._ancestry.follows(version)

    async def join(self, manifest: Digest) -> None:
        """Ask to be published."""
        self._manifest = manifest
        await self._gate.join(manifest)

    async def passed(self) -> RegressionResult:
        """Run the regression that the gate asks for until one passes.

        :raises ApplicationError: the gate says that the failed one counts. ``RegressionFailed``, or
            ``Superseded`` when it failed because a newer version of the service is published.
        """
        result: RegressionResult | None = None
        while True:
            await workflow.wait_condition(lambda: self._rejected is not None or self._is_asked_anew)
            if self._rejected is not None:
                raise self._failure(result)
            self._tested = self._asked
            result = await self._regression(self._tested) if self._tested else None
            if result is not None and result.passed:
                return result

    async def published(self) -> Published | None:
        """The publication, or ``None`` when the gate asks for another test before it."""
        await workflow.wait_condition(
            lambda: self._published is not None or self._rejected is not None or self._is_asked_anew
        )
        if self._rejected is not None:
            raise ApplicationError(
                self._rejected.reason or "the gate refused the publication", type="Untrusted", non_retryable=True
            )
        return self._published

    async def turn(self, environment: Environment) -> None:
        """Wait to be let through. :raises ApplicationError: ``Superseded``."""
        await workflow.wait_condition(lambda: environment in self._turns or self._superseded is not None)
        if self._superseded is not None and environment not in self._turns:
            text = f"{self._superseded.by.partition('@')[0]} is newer and is deployed in its place"
            raise ApplicationError(text, type=Superseded.__name__, non_retryable=True)

    async def verified(self) -> None:
        """Tell the gate that it is verified in ci, and wait for the others of its turn: they go to prod together."""
        self._verified = True
        await self._gate.verified()
        await self.turn(Environment.PROD)

    async def end(self) -> None:
        """Tell the gate that the turn is over."""
        await self._gate.end()

    async def leave(self, holder: str = "", reason: str = "") -> None:
        """Tell the gate that nobody need wait any more.

        :param holder: the roll-forward in whose name the turns are frozen from now on, if it is published.
        """
        if self._manifest is not None:
            await self._gate.leave(self._published.number if self._published else 0, holder, reason)

    async def hasten(self) -> None:
        """Tell the gate that this is a fix now."""
        if self._manifest is not None:  # a gate that was never asked does not know this release
            await self._gate.hasten()

    # --- how ----------------------------------------------------------------------------------

    def _has_result(self, asked: Test) -> bool:
        return self._result is not None and self._result.test == asked.test

    @property
    def _is_asked_anew(self) -> bool:
        return self._asked is not self._tested

    async def _regression(self, asked: Test) -> RegressionResult | None:
        """One regression, or ``None`` when the gate asked for another one meanwhile."""
        self._behind = await self._ancestry.fault(asked.basis)
        heed_cancel()
        if self._asked is not asked:
            return None
        self._tests += 1
        request = RegressionRequest(
            release=self._request.id,
            run=workflow.info().run_id,
            service=self._request.service,
            candidate=self._manifest or "",
            basis=asked.basis,
            test=asked.test,
            ordinal=self._tests,
            fault=self._behind,
        )
        regression = await workflow.start_child_workflow(
            RegressionWorkflow.run,
            request,
            id=regression_id(self._request.id, asked.test),
            parent_close_policy=ParentClosePolicy.REQUEST_CANCEL,
            static_summary=f"regression of {self._request.service}, test {self._tests}",
        )
        shown = ReleaseRegression(workflow=regression.id, basis=asked.basis)
        self._tell(shown)
        regression.add_done_callback(_noticed)
        await workflow.wait_condition(lambda: regression.done() or self._has_result(asked) or self._asked is not asked)
        result = self._result if self._has_result(asked) else None
        if result is None and self._asked is not asked:
            regression.cancel()
            return None
        result = result or await regression
        known = {"versions": result.versions, "suites": result.suites, "verdict": result.verdict}
        self._tell(shown.model_copy(update=known))
        await self._answer(asked, result)
        return result

    async def _answer(self, asked: Test, result: RegressionResult) -> None:
        if result.verdict is None:  # only a regression that has not ended has none
            raise ApplicationError("the regression ended without a verdict", non_retryable=True)
        if not await self._gate.answer(asked.test, passed=result.passed, verdict=result.verdict):
            await self.introduce()  # another gate asks for another test

    def _failure(self, result: RegressionResult | None) -> ApplicationError:
        if self._behind and result is not None:
            return ApplicationError(self._behind, type=Superseded.__name__, non_retryable=True)
        failed = next((each for each in result.suites if each.verdict is Verdict.FAILED), None) if result else None
        text = result.failure if result and result.failure else self._rejected.reason if self._rejected else ""
        evidence = [failed.log] if failed else []
        return ApplicationError(text, *evidence, type=RegressionFailed.__name__, non_retryable=True)


def _noticed(regression: asyncio.Future[RegressionResult]) -> None:
    """Nobody waits for a regression that was given up; how it ended is its own affair."""
    if not regression.cancelled():
        regression.exception()
