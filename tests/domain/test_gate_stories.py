"""The gate, story by story: who is tested on what, and published. Turns are in ``test_gate_turns.py``."""

from __future__ import annotations

from domain import gate_decisions as decided
from domain.gate import LARGEST_WINDOW, SMALLEST_WINDOW, Gate
from tests.domain.gates import answered, bases, joined, manifest, numbered, publication, snapshot


def test_the_first_candidate_is_tested_on_the_published_set_and_then_published() -> None:
    gate = Gate(published=snapshot(catalog="old"))

    assert gate.join("a", "cart", manifest("a")) == [decided.Test(key="a", test=1, basis=snapshot(catalog="old"))]
    assert answered(gate, "a") == [publication("a", snapshot(catalog="old"))]
    assert gate.wrote("a", 7) == [numbered("a", 7), decided.Turn(key="a")]
    assert gate.published == snapshot(catalog="old", cart="a")


def test_who_is_behind_is_tested_as_if_those_ahead_had_passed() -> None:
    gate = Gate()
    gate.join("a", "cart", manifest("a"))

    assert bases(gate.join("b", "catalog", manifest("b"))) == {"b": snapshot(cart="a")}
    assert answered(gate, "b") == [], "it waits for the one ahead"
    answered(gate, "a")
    assert publication("b", snapshot(cart="a")) in gate.wrote("a", 1), "its verdict counts as it is"


def test_when_one_fails_those_behind_it_start_again_without_it_and_nobody_else_does() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"), ("c", "web"))

    again = answered(gate, "b", passed=False)

    assert bases(again) == {"c": snapshot(cart="a")}
    assert not [each for each in again if isinstance(each, decided.Rejected)], "it may be the fault of the one ahead"


def test_who_failed_behind_one_that_fails_is_tested_again_and_not_rejected() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))
    answered(gate, "b", passed=False)

    decisions = answered(gate, "a", passed=False)

    assert decisions[0] == decided.Rejected(key="a")
    assert bases(decisions) == {"b": {}}


def test_who_failed_on_what_was_then_published_is_rejected_without_another_test() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))
    answered(gate, "b", passed=False)
    answered(gate, "a")

    decisions = gate.wrote("a", 1)

    assert decided.Rejected(key="b") in decisions
    assert bases(decisions) == {}


def test_the_window_grows_with_success_and_halves_with_failure() -> None:
    gate = joined(*((f"r{index}", f"role{index}") for index in range(30)))
    assert len([each for each in gate.queue if each.test]) == SMALLEST_WINDOW
    for index in range(25):
        answered(gate, f"r{index}")
        gate.wrote(f"r{index}", index + 1)
    assert gate.window == LARGEST_WINDOW
    answered(gate, "r25", passed=False)
    assert gate.window == LARGEST_WINDOW // 2


def test_an_express_candidate_goes_ahead_of_all_that_are_not() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))

    decisions = gate.join("fix", "web", manifest("fix"), express=True)

    assert bases(decisions) == {"fix": {}, "a": snapshot(web="fix"), "b": snapshot(web="fix", cart="a")}
    assert bases(gate.join("fix2", "web", manifest("fix2"), express=True))["fix2"] == snapshot(web="fix")


def test_a_set_that_somebody_else_wrote_is_the_new_basis_of_all() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))
    answered(gate, "a")

    decisions = gate.contested(snapshot(web="other"))

    assert bases(decisions) == {"a": snapshot(web="other"), "b": snapshot(web="other", cart="a")}


def test_who_dies_anywhere_in_the_queue_frees_its_place() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"), ("c", "web"))

    assert bases(gate.leave("a")) == {"b": {}, "c": snapshot(catalog="b")}
    assert gate.leave("a") == []


def test_what_was_written_for_one_that_died_meanwhile_is_published_all_the_same() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))
    answered(gate, "a")
    gate.leave("a")
    answered(gate, "b")

    assert gate.wrote("a", 1) == [publication("b", snapshot(cart="a"))]


def test_who_has_a_verdict_that_does_not_hold_leaves_and_the_next_goes_on() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))
    answered(gate, "a")

    decisions = gate.refused("a", "nobody signed it")

    assert decisions[0] == decided.Rejected(key="a", reason="nobody signed it")
    assert decisions[1] == decided.Test(key="b", test=3, basis={})
