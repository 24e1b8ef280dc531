"""The table of a regression's suites: suite, version, seconds, result, logs."""

from __future__ import annotations

from domain.identity import ServiceId
from domain.junit import Verdict
from domain.regression import Origin, SuiteResult
from domain.regression_page import suite_table
from tests.domain.builders import suite_result

CART, WEB = "release:shop-cart:aaaaaaaaaaaa", "release:shop-web:bbbbbbbbbbbb"


def of_web(**changes: object) -> SuiteResult:
    """The suite of another service, which ran in a regression of cart."""
    log = f"s3://memory/logs/{CART}/run-1/regression-2-web-published-again.log"
    web = ServiceId(application="shop", role="web")
    return suite_result(service=web, origin=Origin.PUBLISHED, release=WEB, log=log, **changes)


def rows(*results: SuiteResult) -> list[list[str]]:
    """The cells of each row below the head."""
    head, rule, *body = suite_table(CART, results).splitlines()
    assert head == "| | suite | version | time | result | logs |"
    assert rule.count("|") == head.count("|")
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in body]


def test_a_row_says_which_suite_of_which_version_how_long_what_came_of_it_and_prints_its_output() -> None:
    (row,) = rows(of_web(verdict=Verdict.PASSED, reason="3 passed", seconds=1.26))

    assert row == [
        "✔",
        "web, published",
        "`bbbbbbbbbbbb`",
        "1.3 s",
        "3 passed",
        f"`onward logs {CART} --step regression-2-web-published-again`",
    ]


def test_what_failed_comes_first_and_its_reason_breaks_no_row() -> None:
    passed, failed = of_web(verdict=Verdict.PASSED), suite_result(reason="a | b\nfailed", seconds=12.0)

    found = rows(passed, failed)

    assert [row[0] for row in found] == ["✘", "✔"]
    assert found[0][1:5] == ["cart, own new", "`aaaaaaaaaaaa`", "12.0 s", "a \\| b failed"]
    assert found[0][5] == f"`onward logs {CART} --step regression-1-cart-own-new`"


def test_what_has_not_ended_has_neither_a_time_nor_output() -> None:
    (row,) = rows(suite_result(verdict=Verdict.SKIPPED, reason="runs", log=""))

    assert row == ["·", "cart, own new", "`aaaaaaaaaaaa`", "", "runs", ""]
