"""One suite of a regression, and the verdict on all of them."""

from __future__ import annotations

import time

from temporalio import activity

from activities.combination import Combinations
from activities.heartbeat import Heartbeat
from activities.log import StepLog
from domain import identity, keys, slice_names
from domain.attestation import Signer, seal
from domain.environment import Environment
from domain.regression import SuiteResult, SuiteToRun, result_of, settled, skipped
from domain.regression_steps import Attested, RegressionRequest, SuiteRecord, SuiteRequest, VerdictRequest
from domain.storage import ObjectStore
from domain.suite import SuiteRun, SuiteRunner, judge, suite_variables
from domain.verdict import RegressionVerdict


class SuiteActivities:
    """Runs suites beside a slice's services; signs what came of it with a key of the ci duty's own."""

    def __init__(self, runner: SuiteRunner, store: ObjectStore, combinations: Combinations, signer: Signer) -> None:
        self._runner = runner
        self._store = store
        self._combinations = combinations
        self._signer = signer

    @activity.defn(no_thread_cancel_exception=True)
    def run_suite(self, request: SuiteRequest) -> SuiteResult:
        """Run a suite to its end; its output and the record of its cases are kept.

        A second attempt after a crash runs it from the start and writes the same records. A suite
        that fails in whatever way is an answer, not an error.
        """
        step = _step(request.ordinal, request.suite, request.attempt)
        log = StepLog(self._store, keys.log_key(request.release, request.run, step))
        key = keys.report_key(request.release, request.run, step)
        began = time.monotonic()
        with Heartbeat(every=log.flush_if_due) as progress:
            outcome = self._runner.run(_run(request), progress)
            log.write(outcome.output)
            log.flush()
            report = judge(outcome, excuses=request.suite.excuses)
            result = result_of(request.suite, report, time.monotonic() - began, log.uri, self._store.uri(key))
            record = SuiteRecord(result=result, cases=report.cases)
            self._store.put(key, record.model_dump_json().encode(), "application/json")
        return result

    @activity.defn(no_thread_cancel_exception=True)
    def attest(self, request: VerdictRequest) -> Attested:
        """Sign a verdict over candidate, basis and suites, and keep it by the candidate's digest.

        It is made of what the runs left in the store, not of what the caller says they did. The
        same records give the same bytes in every attempt.
        """
        regression, results = request.regression, list[SuiteResult]()
        with Heartbeat() as progress:
            combination = self._combinations.read(regression)
            for suite in () if request.fault else combination.suites:
                progress.say(f"reading the record of {suite.title}")
                results.append(self._recorded(regression, suite))
            verdict = RegressionVerdict.of(
                regression.release, regression.service, regression.candidate, regression.basis, results
            )
            if request.fault:
                verdict = verdict.model_copy(update={"failure": request.fault})
            envelope = seal(verdict.document(), self._signer).model_dump_json().encode()
            self._store.create(keys.verdict_key(regression.candidate, verdict.digest), envelope)
        return Attested(verdict=verdict.digest, failure=verdict.failure)

    def _recorded(self, regression: RegressionRequest, suite: SuiteToRun) -> SuiteResult:
        """What the record of a suite says, after its retry if there was one."""
        first, second = (self._record(regression, suite, attempt) for attempt in (1, 2))
        if first is None:
            return skipped(suite)
        return settled(first, second) if second else first

    def _record(self, regression: RegressionRequest, suite: SuiteToRun, attempt: int) -> SuiteResult | None:
        key = keys.report_key(regression.release, regression.run, _step(regression.ordinal, suite, attempt))
        found = self._store.read(key)
        return SuiteRecord.model_validate_json(found.content).result if found else None


def _step(ordinal: int, suite: SuiteToRun, attempt: int) -> str:
    return keys.suite_step(ordinal, suite.service.role, suite.origin, attempt)


def _run(request: SuiteRequest) -> SuiteRun:
    suite, owner = request.suite, request.owner
    own = {role: address for role, address in request.own_datastores.items() if role == suite.service.role}
    datastores = own or {role: request.datastores[role] for role in suite.datastores if role in request.datastores}
    on_data_network = datastores and not own
    return SuiteRun(
        name=slice_names.slice_suite(owner.name, suite.service.role, suite.origin),
        image=suite.image.uri,
        environment=Environment.CI,
        service=suite.service,
        network=slice_names.slice_network(owner.application, owner.name),
        slice=owner.name,
        data_network=identity.data_network(Environment.CI, owner.application) if on_data_network else "",
        variables=suite_variables(Environment.CI, suite.service, request.urls, None, datastores),
        timeout=suite.timeout,
    )
