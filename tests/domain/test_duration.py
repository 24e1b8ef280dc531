"""Durations as people write them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.duration import LONGEST, format_duration, parse_duration


@given(st.integers(0, LONGEST // timedelta(milliseconds=1)))
def test_what_is_written_is_read_back(millis: int) -> None:
    duration = timedelta(milliseconds=millis)

    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("1h30m", 5400), ("1m30s", 90), ("0s", 0), ("90s", 90), ("4d12h", 388_800)],
)
def test_what_people_write(text: str, seconds: float) -> None:
    assert parse_duration(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "5", "5 s", "-1s", "1.5s", "1s1h", "s", "721h", "9999999999h", 5, None, True])
def test_what_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match=r"a duration such as|at most 720h"):
        parse_duration(text)
