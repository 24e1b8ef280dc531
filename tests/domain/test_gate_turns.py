"""The gate, story by story: who deploys with whom, and what holds them."""

from __future__ import annotations

from domain import gate_decisions as decided
from domain.environment import Environment
from domain.gate import Gate
from tests.domain.gates import answered, bases, joined, manifest, published, snapshot, turn

PROD = Environment.PROD
HOLDER = "roll-forward:shop-b"


def ended(gate: Gate, *keys: str) -> list[decided.Decision]:
    """Each is verified in ci, and all of them in prod; what follows from the last one."""
    for key in keys:
        gate.verified(key)
    return [each for key in keys for each in gate.deployed(key)]


def in_one_turn(*releases: tuple[str, str]) -> Gate:
    """A gate at which all of them have got one turn, and deploy to ci."""
    gate = published(("first", "first"), *releases)
    assert ended(gate, "first") == [turn(key) for key, _ in releases]
    return gate


def test_deploys_take_turns_and_the_newer_of_a_role_goes_for_both() -> None:
    gate = published(("a", "cart"), ("b", "web"), ("c", "web"), ("d", "catalog"))

    assert ended(gate, "a") == [decided.SupersededBy(key="b", by="c"), turn("c"), turn("d")]
    assert ended(gate, "c") == [], "the turn is over when all of it is"


def test_all_of_a_turn_are_verified_in_ci_before_any_of_it_goes_to_prod() -> None:
    gate = in_one_turn(("b", "cart"), ("c", "web"))

    assert gate.verified("c") == []
    assert gate.verified("c") == []
    assert gate.verified("b") == [turn("b", PROD), turn("c", PROD)]
    assert gate.verified("b") == []


def test_when_one_of_a_turn_fails_in_ci_the_others_stay_there_until_its_fix_is_in_prod() -> None:
    gate = in_one_turn(("b", "cart"), ("c", "web"))
    gate.verified("c")

    assert gate.leave("b", number=2, holder=HOLDER, reason="b failed in verify ci") == []
    assert gate.frozen == {HOLDER: "b failed in verify ci"}

    published(("fix", "cart"), gate=gate, express=True, first=4)
    assert [each.key for each in gate.deploying] == ["fix"], "a fix gets a turn although c is held"
    assert gate.verified("fix") == [turn("fix", PROD)]
    assert gate.deployed("fix") == []
    assert gate.unfreeze(HOLDER) == [turn("c", PROD)], "it is verified in ci already"


def test_who_is_held_goes_with_those_that_were_published_meanwhile() -> None:
    gate = in_one_turn(("b", "cart"), ("c", "web"))
    gate.verified("c")
    gate.leave("b", holder=HOLDER, reason="broken")
    published(("d", "catalog"), gate=gate, first=4)

    assert gate.unfreeze(HOLDER) == [turn("d")]
    assert gate.verified("d") == [turn("c", PROD), turn("d", PROD)]


def test_who_was_held_goes_with_a_fix_that_is_in_ci_when_the_freeze_ends() -> None:
    gate = in_one_turn(("b", "cart"), ("c", "web"))
    gate.verified("c")
    gate.leave("b", holder=HOLDER, reason="broken")
    published(("fix", "cart"), ("another", "cart"), gate=gate, express=True, first=4)
    assert ended(gate, "fix") == [turn("another")]

    assert gate.unfreeze(HOLDER) == [], "c is verified in ci already"
    assert gate.verified("another") == [turn("another", PROD), turn("c", PROD)]


def test_who_is_held_is_superseded_by_a_newer_one_of_its_role() -> None:
    gate = in_one_turn(("b", "cart"), ("c", "web"))
    gate.verified("c")
    gate.leave("b", holder=HOLDER, reason="broken")

    gate.join("newer", "web", manifest("newer"), express=True)
    answered(gate, "newer")

    assert gate.wrote("newer", 4)[1:] == [decided.SupersededBy(key="c", by="newer"), turn("newer")]
    assert gate.waiting == []
    assert gate.leave("c", number=3, holder="roll-forward:shop-web", reason="cancelled just then") == []
    assert set(gate.frozen) == {HOLDER}, "what is superseded freezes nothing"


def test_a_freeze_by_hand_holds_a_turn_between_ci_and_prod() -> None:
    gate = published(("a", "cart"))
    gate.freeze("by hand", "stock-taking")

    assert gate.verified("a") == []
    assert gate.unfreeze("by hand") == [turn("a", PROD)]


def test_who_is_published_and_dies_before_its_turn_lets_nobody_follow() -> None:
    gate = published(("a", "a"), ("b", "b"), ("c", "c"))

    assert gate.leave("b", holder=HOLDER, reason="b was cancelled") == []
    assert ended(gate, "a") == []
    assert gate.frozen == {HOLDER: "b was cancelled"}


def test_who_dies_while_it_is_published_lets_nobody_follow_once_it_is_written() -> None:
    gate = joined(("a", "a"), ("b", "b"))
    answered(gate, "a")
    gate.leave("a", holder="roll-forward:shop-a", reason="a died in publish")
    assert gate.frozen == {}, "perhaps it is not written"
    gate = Gate.model_validate_json(gate.model_dump_json())

    gate.wrote("a", 1)

    assert gate.frozen == {"roll-forward:shop-a": "a died in publish"}


def test_who_dies_before_it_is_published_freezes_nothing() -> None:
    gate = joined(("a", "a"), ("b", "b"))
    gate.leave("b", holder=HOLDER, reason="died in regression")
    answered(gate, "a")
    gate.leave("a", holder="roll-forward:shop-a", reason="died in publish")
    gate.refused("a", "nobody signed it")

    assert gate.frozen == {}


def test_who_was_published_by_an_older_gate_and_dies_freezes_the_new_one() -> None:
    gate = Gate()

    gate.leave("a", number=7, holder="roll-forward:shop-a", reason="a died in publish")

    assert list(gate.frozen) == ["roll-forward:shop-a"]


def test_a_published_release_that_cannot_be_told_anything_keeps_its_place_until_it_is_known_how_it_ended() -> None:
    gate = published(("a", "a"), ("b", "b"))

    assert gate.gone("b") == []
    assert [each.key for each in gate.waiting] == ["b"]
    assert bases(joined(("c", "c"), ("d", "d"), gate=gate).gone("c")) == {"d": snapshot(a="a", b="b")}


def test_a_frozen_application_deploys_nothing_but_express_ones() -> None:
    gate = Gate()
    gate.freeze(HOLDER, "cart is down in prod")
    for number, (key, express) in enumerate([("a", False), ("fix", True)], start=1):
        gate.join(key, key, manifest(key), express=express)
        answered(gate, key)
        assert (turn(key) in gate.wrote(key, number)) is express
    ended(gate, "fix")

    assert gate.unfreeze(HOLDER) == [turn("a")]


def test_a_freeze_ends_with_the_last_of_its_holders() -> None:
    gate = Gate()
    gate.freeze("by hand", "stock-taking")
    gate.freeze(HOLDER, "prod is affected")
    published(("a", "a"), gate=gate)

    assert gate.unfreeze("by hand") == []
    assert gate.unfreeze(HOLDER) == [turn("a")]


def test_who_leaves_prod_broken_lets_nobody_follow() -> None:
    gate = published(("a", "a"), ("b", "b"))
    gate.verified("a")

    assert gate.leave("a", number=1, holder="roll-forward:shop-a", reason="a failed in deploy prod") == []
    assert gate.unfreeze("roll-forward:shop-a") == [turn("b")]


def test_a_release_under_way_that_becomes_a_fix_goes_ahead_and_through_a_freeze() -> None:
    gate = joined(("a", "cart"), ("b", "catalog"))
    gate.freeze("roll-forward:shop-catalog", "prod is affected")

    assert bases(gate.hasten("b")) == {"b": {}, "a": snapshot(catalog="b")}

    answered(gate, "b")
    assert turn("b") in gate.wrote("b", 1)


def test_who_is_held_and_becomes_a_fix_goes_to_prod() -> None:
    gate = in_one_turn(("b", "cart"), ("c", "web"))
    gate.verified("c")
    gate.leave("b", holder=HOLDER, reason="broken")

    assert gate.hasten("c") == [turn("c", PROD)]


def test_what_becomes_a_fix_just_when_it_joins_or_is_published_is_one_from_its_next_step_on() -> None:
    gate = joined(("a", "cart"))
    gate.hasten("b")
    gate.join("b", "catalog", manifest("b"))
    assert [each.key for each in gate.queue] == ["b", "a"]

    gate = joined(("a", "cart"))
    answered(gate, "a")
    gate.hasten("a")
    gate.freeze("roll-forward:shop-cart", "prod is affected")
    assert turn("a") in gate.wrote("a", 1)


def test_a_new_gate_gives_a_turn_to_who_was_published_by_the_one_before_it() -> None:
    gate = Gate()

    assert gate.resume("b", "catalog", 8) == [turn("b")]
    assert gate.resume("c", "web", 9) == []
    assert gate.resume("c", "web", 9) == []

    assert ended(gate, "b") == [turn("c")]
    assert gate.resume("b", "catalog", 8) == []


def test_at_a_new_gate_who_was_published_before_those_of_the_turn_goes_along_with_them() -> None:
    gate = Gate()
    gate.resume("b", "catalog", 8)

    assert gate.resume("a", "cart", 7) == [turn("a")]
    assert gate.verified("b") == []
    assert gate.verified("a") == [turn("b", PROD), turn("a", PROD)]
    assert gate.resume("z", "web", 6) == [], "it is too late to go along"


def test_a_new_gate_deploys_nothing_older_than_what_had_a_turn() -> None:
    gate = Gate()
    gate.resume("newer", "cart", 8)
    ended(gate, "newer")

    assert gate.resume("older", "cart", 7) == [decided.SupersededBy(key="older", by="newer")]
    assert gate.resume("older", "cart", 7) == []


def test_at_a_new_gate_who_is_verified_in_ci_goes_on_from_there() -> None:
    assert Gate().resume("a", "cart", 7, verified=True) == [turn("a", PROD)]


def test_a_gate_that_was_carried_over_from_before_turns_were_of_an_environment_goes_on() -> None:
    older = {"published": {}, "deploying": [{"key": "a", "role": "cart", "number": 1, "express": False}]}
    gate = Gate.model_validate(older)

    assert gate.resume("b", "web", 2) == []
    assert gate.deployed("a") == [turn("b")]
