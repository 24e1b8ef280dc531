"""A gate as people see it: on what each is tested, for whom it waits."""

from __future__ import annotations

from domain.gate import Gate
from domain.gate_view import GateView, view_of
from domain.regression_steps import RegressionResult
from domain.release import ReleaseRegression
from starter.gate_text import basis, heading, queue_rows, regression_text, turn_rows
from tests.domain.gates import answered, joined, published, snapshot

RUN = "@11111111-1111-1111-1111-111111111111"
A, B, C = (f"release:shop-{role}:{role * 12}" for role in "abc")


def shown(gate: Gate) -> GateView:
    """The view of the gate of shop."""
    return view_of("shop", gate)


def test_who_is_behind_is_shown_with_the_release_that_it_is_tested_behind() -> None:
    gate = Gate(published=snapshot(web="w"), releases={"web": "release:shop-web:dddddddddddd"})
    joined((A + RUN, "a"), (B + RUN, "b"), gate=gate)

    place = shown(gate).queue[1]

    assert place.basis == {"web": "release:shop-web:dddddddddddd", "a": A}
    assert (place.basis_ahead, shown(gate).ahead_of(B)) == ((A,), (A,))
    assert basis(place) == f"a → {A} (ahead)\nweb → release:shop-web:dddddddddddd"
    assert [row[:3] for row in queue_rows(shown(gate))] == [(1, A, "being tested"), (2, B, "being tested")]
    assert shown(gate).reason(A) == "waits for its own regression to end"
    assert shown(gate).reason(B) == f"waits for its own regression to end, behind {A}"
    answered(gate, B + RUN)
    assert str(shown(gate).reason(B)).startswith(f"waits for {A}, which is ahead of it")


def test_what_was_published_here_is_known_by_its_release() -> None:
    gate = joined((B + RUN, "b"), gate=published((A + RUN, "a")))

    assert shown(gate).queue[0].basis == {"a": A}
    assert shown(gate).queue[0].basis_ahead == ()


def test_who_is_verified_in_ci_is_shown_with_whom_it_waits_for() -> None:
    gate = published((A + RUN, "a"), (B + RUN, "b"), (C + RUN, "c"))
    gate.verified(A + RUN)
    assert turn_rows(shown(gate))[0] == (1, A, "deploys to prod", "")
    assert shown(gate).reason(B) == f"waits for its turn to deploy, after {A} (#1)"
    gate.deployed(A + RUN)
    gate.verified(B + RUN)

    assert turn_rows(shown(gate)) == [
        (2, B, "verified in ci", f"{C} (#3) to be verified in ci"),
        (3, C, "deploys to ci", ""),
    ]
    assert shown(gate).reason(B) == f"is verified in ci, and waits for {C} (#3) to be verified in ci"
    assert shown(gate).reason(C) is None


def test_who_is_held_is_shown_with_who_holds_it() -> None:
    gate = published((A + RUN, "a"))
    gate.freeze("by hand", "stock-taking (ann)")
    gate.verified(A + RUN)

    wanted = "is verified in ci, and waits for deploys to be allowed again, frozen: by hand: stock-taking (ann)"
    assert shown(gate).reason(A) == wanted
    assert heading(shown(gate)).endswith("\nfrozen: by hand: stock-taking (ann)")


def test_while_its_slice_comes_up_it_is_said_behind_whom_it_is_tested() -> None:
    regression = ReleaseRegression(workflow="regression:shop-b:1", basis=snapshot(a="a", web="w"))

    behind = regression_text(regression, RegressionResult(test=1), (A,))

    assert behind == f"regression:shop-b:1 brings up a slice with 3 services, behind {A}"
    assert regression_text(regression, RegressionResult(test=1), ()).endswith("a slice with 3 services")
