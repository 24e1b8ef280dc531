"""Gates, and regressions under way, in words."""

from __future__ import annotations

from domain.gate_view import GateView, QueuePlace
from domain.regression_steps import RegressionResult
from domain.release import ReleaseRegression

Row = tuple[object, ...]


def heading(view: GateView) -> str:
    """What is published, and who holds the turns."""
    roles = ", ".join(sorted(view.published)) or "nothing"
    frozen = f"\nfrozen: {view.why_frozen}" if view.frozen else ""
    return f"{view.application}: {roles} published; at most {view.window} tested at once{frozen}"


def queue_rows(view: GateView) -> list[Row]:
    """The queue: place, release, state, basis, what it waits for."""
    return [(each.place, each.release, each.state, basis(each), each.waits_for) for each in view.queue]


def turn_rows(view: GateView) -> list[Row]:
    """Who deploys, and who waits to: number, release, how far it is, what it waits for."""
    return [(each.number, each.release, each.state, each.waits_for) for each in (*view.deploying, *view.waiting)]


def basis(place: QueuePlace) -> str:
    """``cart → release:shop-cart:1a2b3c4d5e6f (ahead)``, one a line."""
    return "\n".join(
        f"{role} → {release}{' (ahead)' if release in place.basis_ahead else ''}"
        for role, release in sorted(place.basis.items())
    )


def regression_text(regression: ReleaseRegression, found: RegressionResult, ahead: tuple[str, ...]) -> str:
    """How far a regression is, and together with whom; ``found`` knows that once its slice is up."""
    if not found.suites:
        behind = f", behind {', '.join(ahead)}" if ahead else ""
        return f"{regression.workflow} brings up a slice with {len(regression.basis) + 1} services{behind}"
    ended = sum(1 for suite in found.suites if suite.log)
    with_them = ", ".join(sorted(found.versions.values())) or "nothing else"
    return f"{regression.workflow} tests it with {with_them}: {ended} of {len(found.suites)} suites have ended"
