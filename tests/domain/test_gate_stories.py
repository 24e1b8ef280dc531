"""The gate, story by story."""

from __future__ import annotations

from domain import gate_decisions as decided
from domain.artifact import Digest, digest_of
from domain.gate import LARGEST_WINDOW, SMALLEST_WINDOW, Gate
from domain.gate_decisions import Decision, Snapshot


def manifest(key: str) -> Digest:
    """The manifest of a candidate."""
    return digest_of(key.encode())


def snapshot(**keys: str) -> Snapshot:
    """Role → candidate as role → manifest."""
    return {role: manifest(key) for role, key in keys.items()}


def joined(*candidates: tuple[str, str], gate: Gate | None = None) -> Gate:
    """A gate with a queue of (key, role); nobody has answered yet."""
    gate = gate or Gate()
    for key, role in candidates:
        gate.join(key, role, manifest(key))
    return gate


def answered(gate: Gate, key: str, *, passed: bool = True) -> list[Decision]:
    """The test that a candidate is in ends."""
    test = next(each.test for each in gate.queue if each.key == key)
    return gate.verdict(key, test, passed=passed, verdict=attested(key))


def attested(key: str) -> Digest:
    """The attestation of a candidate's test."""
    return digest_of(f"verdict on {key}".encode())


def publication(key: str, basis: Snapshot) -> decided.Publish:
    """What is decided once a candidate has passed on the published set."""
    return decided.Publish(key=key, manifest=manifest(key), basis=basis, verdict=attested(key))


def numbered(key: str, number: int) -> decided.Published:
    """What is decided once it is written."""
    return decided.Published(key=key, number=number, verdict=attested(key))


def bases(decisions: list[Decision]) -> dict[str, Snapshot]:
    """Who is tested on what."""
    return {each.key: each.basis for each in decisions if isinstance(each, decided.Test)}


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


def test_deploys_take_turns_and_the_newer_of_a_role_goes_for_both() -> None:
    gate = Gate()
    for number, (key, role) in enumerate([("a", "cart"), ("b", "web"), ("c", "web"), ("d", "catalog")], start=1):
        joined((key, role), gate=gate)
        answered(gate, key)
        gate.wrote(key, number)

    decisions = gate.deployed("a")

    assert decisions == [decided.SupersededBy(key="b", by="c"), decided.Turn(key="c"), decided.Turn(key="d")]
    assert gate.deployed("c") == [], "the turn is over when all of it is"


def test_a_frozen_application_deploys_nothing_but_express_ones() -> None:
    gate = Gate()
    gate.freeze("roll-forward:shop-cart", "cart is down in prod")
    for number, (key, express) in enumerate([("a", False), ("fix", True)], start=1):
        gate.join(key, key, manifest(key), express=express)
        answered(gate, key)
        assert (decided.Turn(key=key) in gate.wrote(key, number)) is express
    gate.deployed("fix")

    assert gate.unfreeze("roll-forward:shop-cart") == [decided.Turn(key="a")]


def test_a_freeze_ends_with_the_last_of_its_holders() -> None:
    gate = Gate()
    gate.freeze("by hand", "stock-taking")
    gate.freeze("roll-forward:shop-cart", "prod is affected")
    gate.join("a", "a", manifest("a"))
    answered(gate, "a")
    gate.wrote("a", 1)

    assert gate.unfreeze("by hand") == []
    assert gate.unfreeze("roll-forward:shop-cart") == [decided.Turn(key="a")]


def test_who_leaves_prod_broken_lets_nobody_follow() -> None:
    gate = Gate()
    for number, key in enumerate("ab", start=1):
        gate.join(key, key, manifest(key))
        answered(gate, key)
        gate.wrote(key, number)

    assert gate.leave("a", holder="roll-forward:shop-a", reason="prod is affected") == []
    assert gate.unfreeze("roll-forward:shop-a") == [decided.Turn(key="b")]


def test_a_release_under_way_that_becomes_a_fix_goes_ahead_and_through_a_freeze() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))
    gate.freeze("roll-forward:shop-catalog", "prod is affected")

    assert bases(gate.hasten("b")) == {"b": {}, "a": snapshot(catalog="b")}

    answered(gate, "b")
    assert decided.Turn(key="b") in gate.wrote("b", 1)


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


def test_a_new_gate_gives_a_turn_to_who_was_published_by_the_one_before_it() -> None:
    gate = Gate()

    assert gate.resume("b", "catalog", 8) == [decided.Turn(key="b")]
    assert gate.resume("a", "cart", 7) == []
    assert gate.resume("a", "cart", 7) == []

    assert gate.deployed("b") == [decided.Turn(key="a")]
    assert gate.resume("b", "catalog", 8) == []


def test_who_has_a_verdict_that_does_not_hold_leaves_and_the_next_goes_on() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))
    answered(gate, "a")

    decisions = gate.refused("a", "nobody signed it")

    assert decisions[0] == decided.Rejected(key="a", reason="nobody signed it")
    assert decisions[1] == decided.Test(key="b", test=3, basis={})


def test_what_becomes_a_fix_just_when_it_joins_or_is_published_is_one_from_its_next_step_on() -> None:
    gate = joined(("a", "cart"))
    gate.hasten("b")
    gate.join("b", "catalog", manifest("b"))
    assert [each.key for each in gate.queue] == ["b", "a"]

    gate = joined(("a", "cart"))
    answered(gate, "a")
    gate.hasten("a")
    gate.freeze("roll-forward:shop-cart", "prod is affected")
    assert decided.Turn(key="a") in gate.wrote("a", 1)
