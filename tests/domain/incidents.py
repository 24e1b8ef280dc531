"""Failed releases and what follows, ready for the tests of roll-forwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.evidence import FailedRelease
from domain.identity import ServiceId
from domain.release import Failure, ReleaseRequest, ReleaseResult, ReleaseStatus, Stage
from domain.roll_forward_messages import Begun, EndedWell

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
CART = ServiceId(application="shop", role="cart")


def commit(letter: str) -> str:
    """A full SHA-1 that is easy to read: ``aaaa…``."""
    return (letter * 40)[:40]


def request(letter: str, role: str = "cart", roll_forward: str = "") -> ReleaseRequest:
    """A release of a role's commit."""
    return ReleaseRequest(
        application="shop",
        role=role,
        repository="https://git.test/shop",
        commit=commit(letter),
        service_directory=role,
        requested_by="ci",
        roll_forward=roll_forward,
    )


def failed(
    letter: str = "a", stage: Stage = Stage.DEPLOY_PROD, number: int | None = 4, role: str = "cart", run: str = ""
) -> FailedRelease:
    """A release that did not end well."""
    asked = request(letter, role)
    result = ReleaseResult(
        release=asked.id,
        application="shop",
        role=role,
        commit=asked.commit,
        status=ReleaseStatus.FAILED,
        number=number,
        failure=Failure(stage=stage, kind="DeployHalted", message="the update was paused: exit code 1"),
    )
    return FailedRelease(request=asked, run=run or f"run-{letter}", result=result, ended=NOW)


def begun(letter: str, role: str = "cart", run: str = "") -> Begun:
    """A release has begun."""
    return Begun(request=request(letter, role), run=run or f"run-{letter}", at=NOW + timedelta(minutes=1))


def ended(
    letter: str, number: int | None, status: ReleaseStatus = ReleaseStatus.VERIFIED, role: str = "cart", run: str = ""
) -> EndedWell:
    """A release has ended well."""
    return EndedWell(
        release=request(letter, role).id,
        run=run or f"run-{letter}",
        service=ServiceId(application="shop", role=role),
        status=status,
        number=number,
        at=NOW + timedelta(minutes=2),
    )
