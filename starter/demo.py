"""The story of the demo: releases under load, one that its monitor catches in prod, its roll-forward to the fix."""

from __future__ import annotations

import asyncio

from domain.errors import OnwardError
from domain.release import ReleaseResult, ReleaseStatus, Stage
from domain.roll_forward import RollForwardView
from examples.repository import break_cart, change_prices, make_repository, mend_cart
from settings import StackSettings
from starter.connection import connect
from starter.demo_ending import ended
from starter.demo_incident import DemoIncident
from starter.demo_load import DemoLoad
from starter.demo_shop import DemoShop
from starter.output import ExitCode, Output
from starter.text import summary

ROLES = ("catalog", "cart", "checkout", "web")

#: Seconds in which customers go on asking once all is well.
AFTERWARDS = 1.0


async def tell(settings: StackSettings, output: Output) -> ExitCode:
    """Run the story.

    :raises OnwardError: something is not as it should be, and what.
    """
    connection = await connect()
    shop = DemoShop(connection, settings, output)
    commit = make_repository(shop.repository)
    output.note(f"── a git repository with the example application: {shop.repository}")
    output.note(f"── releasing {', '.join(ROLES)} at once")
    first = await shop.released_together(commit, ROLES)
    for result in first:
        _expect(result, ReleaseStatus.VERIFIED)
    shop.asked("/cart")
    with DemoLoad(shop.url("/cart")) as load:
        prices = await _dearer(shop, output)
        _expect_none_lost(load, output)
        bad = await _broken(shop, load, output)
        closed, fix = await _rolled_forward(shop, bad, output)
        load.since()
        await asyncio.sleep(AFTERWARDS)
        _expect_none_lost(load, output)
    await ended(shop, [*first, prices, bad, fix], closed, output)
    return ExitCode.DONE


async def _dearer(shop: DemoShop, output: Output) -> ReleaseResult:
    before = shop.asked("/catalog/products")
    output.note("\n── one line of catalog changes: its prices")
    result = await shop.released(change_prices(shop.repository), "catalog")
    _expect(result, ReleaseStatus.VERIFIED)
    after = shop.asked("/catalog/products")
    output.text(f"prod answered {before}\n    and now   {after}")
    if before == after:
        raise OnwardError("the edge of prod still answers with the old prices")
    return result


async def _broken(shop: DemoShop, load: DemoLoad, output: Output) -> ReleaseResult:
    output.note(
        "\n── a bad release: cart passes every test, and ci; of the customers in prod one in twenty-five gets an error"
    )
    result = await shop.released(break_cart(shop.repository), "cart")
    _expect(result, ReleaseStatus.FAILED)
    output.text(summary(result, ""))
    failure = result.failure
    if failure is None or failure.stage is not Stage.VERIFY_PROD or " fires " not in failure.message:
        raise OnwardError("the bad release was not caught by a monitor in the bake of prod")
    asked, lost = load.since()
    output.text(
        f"\nits monitor saw it in the bake: of {asked} requests during the release {lost} were answered with an error"
    )
    if not lost:
        raise OnwardError("the bad release answered every request")
    row = await shop.deployed_in_prod("cart")
    output.text(f"prod-shop-cart is {row.state}: {row.healthy} of {row.replicas} replicas of #{row.number} serve")
    return result


async def _rolled_forward(shop: DemoShop, bad: ReleaseResult, output: Output) -> tuple[RollForwardView, ReleaseResult]:
    incident = DemoIncident(shop.connection, bad, output)
    output.note("\n── its roll-forward is open, and stays open until a later release is verified")
    await incident.listed()
    await incident.acknowledged()
    await incident.evidence()
    output.note("\n── the fix: a new commit, ahead of everything else and through the freeze")
    release = await incident.fixed(mend_cart(shop.repository))
    fix = await shop.followed(release)
    _expect(fix, ReleaseStatus.VERIFIED)
    closed = await incident.closed()
    output.text(f"and the cart with two teas is {shop.cart_with_two_teas()}")
    return closed, fix


def _expect_none_lost(load: DemoLoad, output: Output) -> None:
    asked, lost = load.since()
    output.text(f"customers meanwhile: {asked} requests to the cart, {lost} lost")
    if lost or not asked:
        raise OnwardError(f"{lost} of {asked} requests were lost")


def _expect(result: ReleaseResult, status: ReleaseStatus) -> None:
    if result.status is not status:
        why = f": {result.failure.message}" if result.failure else ""
        raise OnwardError(
            f"{result.release} is {result.status}, not {status}{why}\n  next: onward show {result.release}"
        )
