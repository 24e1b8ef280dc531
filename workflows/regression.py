"""One regression: a slice, every suite that the candidate must pass, a signed verdict."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.slices import SliceActivities
    from activities.suites import SuiteActivities
    from domain.identity import Duty
    from domain.junit import Verdict
    from domain.regression import SuiteResult, SuiteToRun, failure_of, settled, skipped, unfinished
    from domain.regression_page import suite_table
    from domain.regression_steps import (
        Attested,
        RegressionRequest,
        RegressionResult,
        SliceReady,
        SliceRequest,
        SuiteRequest,
        VerdictRequest,
    )
    from domain.slice_names import slice_name
    from domain.slices import SliceOwner
    from workflows import policies
    from workflows.concurrently import all_or_first_error, heed_cancel, stopped, to_its_end

#: Suites that run at the same time in one slice.
SUITES_AT_ONCE = 8

#: Once the verdict is certain nothing is begun; what runs gets this long, for the report's sake.
REST = timedelta(seconds=20)

SLICE_TIMEOUT = timedelta(minutes=15)

#: Two records of each suite are read, one after the other.
VERDICT_TIMEOUT = timedelta(minutes=5)

MARGIN = timedelta(minutes=1)


@workflow.defn(name="Regression")
class RegressionWorkflow:
    """Slice up, suites, verdict, slice down – the last in every case."""

    @workflow.init
    def __init__(self, request: RegressionRequest) -> None:
        self._request = request
        info = workflow.info()
        self._owner = SliceOwner(
            name=slice_name(info.workflow_id, info.run_id),
            application=request.service.application,
            regression=info.workflow_id,
            run=info.run_id,
        )
        self._state = "the slice comes up"
        self._suites: tuple[SuiteToRun, ...] = ()
        self._versions: dict[str, str] = {}
        self._fault = ""
        self._results: dict[SuiteToRun, SuiteResult] = {}
        self._running: set[SuiteToRun] = set()

    @workflow.run
    async def run(self, request: RegressionRequest) -> RegressionResult:  # noqa: ARG002 – init keeps it
        """A failed suite is a result; an error is a server that did not answer for long.

        The release hears the result before the slice is gone.
        """
        try:
            ready = await self._slice_up()
            heed_cancel()
            if not ready.fault:
                await self._run_suites(ready)
            attested = await self._attest(ready)
            result = self.results().model_copy(update={"verdict": attested.verdict, "failure": attested.failure})
            self._show(attested.failure or "passed")
            await self._report(result)
        finally:
            await self._slice_down()
        return result

    @workflow.query(description="Each suite's result so far, in the order of the report")
    def results(self) -> RegressionResult:
        """The results so far; the verdict is not known before the end."""
        return RegressionResult(test=self._request.test, versions=self._versions, suites=self._in_order())

    async def _slice_up(self) -> SliceReady:
        self._show(self._state)
        ready = await workflow.execute_activity_method(
            SliceActivities.bring_up,
            SliceRequest(owner=self._owner, regression=self._request),
            **policies.long(Duty.CI, f"bring {self._owner.name} up", SLICE_TIMEOUT),
        )
        self._suites, self._versions, self._fault = ready.suites, ready.versions, ready.fault
        return ready

    async def _run_suites(self, ready: SliceReady) -> None:
        """All at once, as far as there is room; the rest is not begun once a suite has failed for certain.

        However it ends, no suite runs any more: a slice must not go from under one that starts.
        """
        room = asyncio.Semaphore(SUITES_AT_ONCE)
        suites = asyncio.ensure_future(
            all_or_first_error(self._in_its_turn(ready, each, room) for each in ready.suites)
        )
        self._show("the suites run")
        try:
            await workflow.wait_condition(lambda: suites.done() or self._is_certain)
            if not suites.done():
                with suppress(TimeoutError):
                    await workflow.wait_condition(
                        suites.done, timeout=REST, timeout_summary="stop the suites that still run"
                    )
        except asyncio.CancelledError:
            await stopped(suites)
            raise
        if self._is_certain:
            await stopped(suites)
        else:
            await suites

    async def _in_its_turn(self, ready: SliceReady, suite: SuiteToRun, room: asyncio.Semaphore) -> None:
        async with room:
            if self._is_certain:
                return
            self._running.add(suite)
            self._show("the suites run")
            try:
                first = await self._run_suite(ready, suite, 1)
                if first.verdict is Verdict.FAILED and not self._is_certain:
                    heed_cancel()
                    first = settled(first, await self._run_suite(ready, suite, 2))
                self._results[suite] = first
            finally:
                self._running.remove(suite)
            self._show("the suites run")

    async def _run_suite(self, ready: SliceReady, suite: SuiteToRun, attempt: int) -> SuiteResult:
        again = "" if attempt == 1 else " once more"
        return await workflow.execute_activity_method(
            SuiteActivities.run_suite,
            SuiteRequest(
                owner=self._owner,
                release=self._request.release,
                run=self._request.run,
                ordinal=self._request.ordinal,
                urls=ready.urls,
                datastores=ready.datastores,
                own_datastores=ready.own_datastores,
                suite=suite,
                attempt=attempt,
            ),
            **policies.long(Duty.CI, f"run {suite.title}{again}", suite.timeout + MARGIN),
        )

    async def _attest(self, ready: SliceReady) -> Attested:
        return await workflow.execute_activity_method(
            SuiteActivities.attest,
            VerdictRequest(regression=self._request, fault=ready.fault),
            **policies.long(Duty.CI, "sign the verdict", VERDICT_TIMEOUT),
        )

    async def _report(self, result: RegressionResult) -> None:
        parent = workflow.info().parent
        if parent is None:  # somebody started it by hand
            return
        release = workflow.get_external_workflow_handle(parent.workflow_id, run_id=parent.run_id)
        with suppress(FailureError):  # the release is over: nobody wants to know
            await release.signal("regressed", result)

    async def _slice_down(self) -> None:
        """Also while this workflow is cancelled, and however often."""
        await to_its_end(
            workflow.start_activity_method(
                SliceActivities.take_down,
                self._owner,
                **policies.long(Duty.CI, f"take {self._owner.name} down", SLICE_TIMEOUT),
            )
        )

    @property
    def _is_certain(self) -> bool:
        return bool(self._fault) or failure_of(list(self._results.values())) is not None

    def _in_order(self) -> tuple[SuiteResult, ...]:
        return tuple(self._results.get(suite) or self._without_result(suite) for suite in self._suites)

    def _without_result(self, suite: SuiteToRun) -> SuiteResult:
        if suite in self._running:
            return unfinished(suite, "runs")
        return skipped(suite) if self._is_certain else unfinished(suite, "waits")

    def _show(self, state: str) -> None:
        self._state = state
        request = self._request
        ended = f"{len(self._results)} of {len(self._suites)} suites have ended" if self._suites else ""
        basis = ", ".join(f"`{release}`" for _, release in sorted(self._versions.items()))
        alone = "nothing" if not request.basis else f"{len(request.basis)} published services"
        workflow.set_current_details(
            f"## Regression of {request.service}: {state}\n\n"
            f"For `{request.release}`, in `{self._owner.name}`, with {basis or alone}. {ended}\n\n"
            f"{suite_table(request.release, self._in_order())}"
        )
