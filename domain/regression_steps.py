"""What the steps of a regression hand to one another: one model in, one model out."""

from __future__ import annotations

from pydantic import Field

from domain.artifact import Digest
from domain.gate_decisions import Snapshot
from domain.identity import ServiceId
from domain.junit import CaseResult
from domain.message import Message
from domain.regression import SuiteResult, SuiteToRun
from domain.slices import FoundSlice, SliceOwner


class RegressionRequest(Message):
    """Test a candidate on a basis.

    :param test: the number by which the gate knows this test.
    :param ordinal: the how manieth test of this release it is, for the names of its logs.
    :param fault: why the candidate must not be published on this basis, whatever its suites would say.
    """

    release: str
    run: str
    service: ServiceId
    candidate: Digest
    basis: Snapshot
    test: int
    ordinal: int = 1
    fault: str = ""


class SliceRequest(Message):
    """Bring up the slice of a regression."""

    owner: SliceOwner
    regression: RegressionRequest


class SliceReady(Message):
    """What is to be run in a slice that is up; ``fault`` says why nothing can be, if so.

    ``versions``: role → the release of the version that the candidate is tested with.
    ``datastores``: role → ``host:port`` of ci's; ``own_datastores`` of a candidate that is one, in the slice.
    """

    versions: dict[str, str] = Field(default_factory=dict)
    urls: dict[str, str] = Field(default_factory=dict)
    datastores: dict[str, str] = Field(default_factory=dict)
    own_datastores: dict[str, str] = Field(default_factory=dict)
    suites: tuple[SuiteToRun, ...] = ()
    fault: str = ""


class SuiteRequest(Message):
    """Run one suite in a slice; ``attempt`` is 1, or 2 for the one retry."""

    owner: SliceOwner
    release: str
    run: str
    ordinal: int
    urls: dict[str, str]
    datastores: dict[str, str] = Field(default_factory=dict)
    own_datastores: dict[str, str] = Field(default_factory=dict)
    suite: SuiteToRun
    attempt: int = 1


class SuiteRecord(Message):
    """What is kept of one run of a suite: its result and each of its cases."""

    result: SuiteResult
    cases: tuple[CaseResult, ...]


class VerdictRequest(Message):
    """Attest how a regression ended, from what the runs of its suites left; ``fault`` when none could run."""

    regression: RegressionRequest
    fault: str = ""


class Attested(Message):
    """A signed verdict by its digest; ``failure`` is empty when everything passed."""

    verdict: Digest
    failure: str = ""


class RegressionResult(Message):
    """How one regression ended; there is no verdict before the end. ``versions`` as in a slice."""

    test: int
    versions: dict[str, str] = Field(default_factory=dict)
    verdict: Digest | None = None
    failure: str = ""
    suites: tuple[SuiteResult, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every suite passed."""
        return not self.failure


class Leftovers(Message):
    """Slices that are there longer than their making takes."""

    slices: tuple[FoundSlice, ...] = ()
