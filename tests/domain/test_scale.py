"""Which size a service may have: by a person, as prod, and after a deploy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.environment import Environment
from domain.errors import Refused
from domain.scale import ScaleRequest, Size, kept, mirrored, restored, scaled
from tests.domain.builders import CART, definition

LIMITS = definition("scale: {ci: {min: 1, max: 2}, prod: {min: 2, max: 10}}\n")


def asked(replicas: int, environment: Environment = Environment.PROD) -> ScaleRequest:
    return ScaleRequest(environment=environment, service=CART, replicas=replicas, by="ann", reason="a sale")


@pytest.mark.parametrize("replicas", [2, 7, 10])
def test_inside_of_the_limits_a_person_decides(replicas: int) -> None:
    assert scaled(LIMITS, asked(replicas), Size(replicas=2), 7) == Size(replicas=replicas)


@pytest.mark.parametrize("replicas", [0, 1, 11])
def test_outside_of_the_limits_is_refused_with_the_limits(replicas: int) -> None:
    with pytest.raises(Refused, match=rf"2 to 10 replicas \(scale.prod of release #7\), not {replicas}"):
        scaled(LIMITS, asked(replicas), Size(replicas=2), 7)


def test_what_may_have_one_number_only_is_told_so() -> None:
    with pytest.raises(Refused, match="1 replica and no other number"):
        scaled(definition(), asked(2), Size(replicas=1), 7)


def test_a_mirror_is_ended_before_somebody_scales_by_hand() -> None:
    with pytest.raises(Refused, match="onward scale ci shop --reset"):
        scaled(LIMITS, asked(2, Environment.CI), Size(replicas=5, own=1), 7)


@pytest.mark.parametrize("kind", ["batch", "datastore"])
def test_what_has_no_replicas_to_choose_is_not_scaled(kind: str) -> None:
    with pytest.raises(Refused, match=f"is a {kind}"):
        scaled(LIMITS.model_copy(update={"kind": kind}), asked(3), Size(replicas=2), 7)


def test_a_mirror_is_held_by_the_limits_of_prod_and_not_of_ci() -> None:
    assert mirrored(LIMITS, Size(replicas=1), 5) == Size(replicas=5, own=1)
    assert mirrored(LIMITS, Size(replicas=1), 50) == Size(replicas=10, own=1)


def test_a_second_mirror_remembers_what_ci_had_before_the_first() -> None:
    assert mirrored(LIMITS, mirrored(LIMITS, Size(replicas=2), 5), 7) == Size(replicas=7, own=2)


def test_after_a_mirror_ci_has_its_own_size_again() -> None:
    assert restored(LIMITS, Size(replicas=5, own=2)) == Size(replicas=2)
    assert restored(definition(), Size(replicas=5, own=2)) == Size(replicas=1)
    assert restored(LIMITS, Size(replicas=2)) == Size(replicas=2)


@given(st.integers(1, 20), st.sampled_from(Environment))
def test_a_deploy_keeps_a_size_inside_of_the_new_limits(replicas: int, environment: Environment) -> None:
    limits = LIMITS.scale.of(environment)
    assert kept(LIMITS, environment, Size(replicas=replicas)) == Size(replicas=limits.clamp(replicas))
    assert kept(LIMITS, environment, None) == Size(replicas=limits.min)


def test_a_deploy_during_a_mirror_keeps_it() -> None:
    assert kept(LIMITS, Environment.CI, Size(replicas=7, own=2)) == Size(replicas=7, own=2)
    assert kept(definition(), Environment.CI, Size(replicas=7, own=2)) == Size(replicas=1, own=1)
