"""When a job is due."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.cron import calendars, gaps

WRONG = {
    "": "five fields of cron",
    "* * * *": "five fields of cron",
    "* * * * * *": "five fields of cron",
    "60 * * * *": "numbers from 0 to 59 for the minute, not '60'",
    "* 24 * * *": "numbers from 0 to 23 for the hour, not '24'",
    "* * 0 * *": "numbers from 1 to 31 for the day of month, not '0'",
    "* * * 13 *": "for the month, not '13'",
    "* * * * 8": "for the day of week, not '8'",
    "*/0 * * * *": "for the minute, not '*/0'",
    "*/x * * * *": "for the minute, not '*/x'",
    "5-1 * * * *": "for the minute, not '5-1'",
    "1, * * * *": "for the minute, not ''",
    "* * * monday *": "for the month, not 'monday'",
    "0 0 30 2 *": "a schedule that comes to a day that there is",
    "@reboot": "five fields of cron",
    "٣ * * * *": "for the minute",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_schedule_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        calendars(text)

    assert WRONG[text] in str(caught.value)


def test_lists_ranges_steps_and_names_are_what_crontab_says() -> None:
    (one,) = calendars("0,30 8-18/5 * JAN-mar mon-fri")

    assert one.minutes == (0, 30)
    assert one.hours == (8, 13, 18)
    assert one.months == (1, 2, 3)
    assert one.weekdays == (1, 2, 3, 4, 5)
    assert calendars("50/4 * * * *")[0].minutes == (50, 54, 58)


def test_sunday_has_two_numbers() -> None:
    assert calendars("0 0 * * 7") == calendars("0 0 * * 0") == calendars("@weekly")


def test_of_days_of_the_month_and_of_the_week_either_will_do() -> None:
    friday, thirteenth = date(2026, 11, 27), date(2026, 12, 13)
    found = calendars("0 0 13 * fri")

    assert len(found) == 2
    assert all(any(each.has(day) for each in found) for day in (friday, thirteenth))
    assert not any(each.has(date(2026, 12, 14)) for each in found)


@pytest.mark.parametrize(
    ("text", "shortest", "longest"),
    [
        ("*/15 * * * *", timedelta(minutes=15), timedelta(minutes=15)),
        ("@daily", timedelta(days=1), timedelta(days=1)),
        ("0 9-17 * * mon-fri", timedelta(hours=1), timedelta(days=2, hours=16)),
        ("0 0 1 * *", timedelta(days=28), timedelta(days=31)),
        ("0 0 29 2 *", timedelta(days=1461), timedelta(days=1461)),
    ],
)
def test_the_gaps_of_a_schedule_are_known(text: str, shortest: timedelta, longest: timedelta) -> None:
    assert gaps(text) == (shortest, longest)


@given(st.text(alphabet="0123456789*/,- adnmsu@", max_size=30))
def test_any_text_gets_an_answer(text: str) -> None:
    try:
        found = calendars(text)
    except ValueError as error:
        assert str(error)  # noqa: PT017 – most texts are refused, some are not
    else:
        assert all(all(each) for each in found)
