"""Which slices are looked at as left over: by age."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio.testing import ActivityEnvironment

from activities.combination import Combinations
from activities.slices import YOUNG, SliceActivities
from domain.slices import FoundSlice, SliceOwner
from tests.fakes.onward import MemoryOnward

MOMENT = timedelta(seconds=5)


def found(name: str, age: timedelta) -> FoundSlice:
    """A slice of some age."""
    owner = SliceOwner(name=name, application="shop", regression=f"regression:{name}", run="run")
    return FoundSlice(owner=owner, created=datetime.now(UTC) - age)


def test_a_young_slice_is_none_that_was_left_over() -> None:
    onward = MemoryOnward()
    slices = [found("new", timedelta(0)), found("young", YOUNG - MOMENT), found("old", YOUNG + MOMENT)]
    onward.slices.there = {each.owner.name: each for each in slices}
    activities = SliceActivities(onward.slices, Combinations(onward.manifests(), onward.registry))

    leftovers = ActivityEnvironment().run(activities.leftovers)

    assert [each.owner.name for each in leftovers.slices] == ["old"]
