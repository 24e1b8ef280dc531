"""The end of the demo: what runs where, what happened when, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.message import Message
from domain.release import ReleaseResult
from domain.roll_forward import RollForwardView
from starter.demo_shop import DemoShop
from starter.output import Output
from starter.text import age


class Moment(Message):
    """Something that happened."""

    at: datetime
    what: str


def timeline(releases: Iterable[ReleaseResult], roll_forward: RollForwardView) -> list[Moment]:
    """What happened to them, the oldest first."""
    moments = [moment for each in releases for moment in _of_release(each)]
    return sorted([*moments, *_of_roll_forward(roll_forward)], key=lambda moment: moment.at)


async def ended(shop: DemoShop, releases: list[ReleaseResult], closed: RollForwardView, output: Output) -> None:
    """Say all of it; with ``--json`` as the one document."""
    rows, moments = await shop.deployed(), timeline(releases, closed)
    output.document(
        {
            "releases": [each.model_dump(mode="json") for each in releases],
            "roll_forward": closed.model_dump(mode="json"),
            "deployed": [row.document() for row in rows],
            "timeline": [each.model_dump(mode="json") for each in moments],
        }
    )
    output.text("\n$ onward deployed")
    output.table(
        ["environment", "service", "#", "commit", "replicas", "state", "since"],
        [
            (
                *(row.environment, f"{row.application}-{row.role}", row.number, row.commit[:12]),
                *(f"{row.healthy}/{row.replicas}", row.state, f"{age(row.since)} ago"),
            )
            for row in rows
        ],
        empty="nothing is deployed",
    )
    output.text("\nwhat happened")
    output.table(
        ["UTC", "", ""],
        [(f"{each.at:%H:%M:%S}", f"+{(each.at - moments[0].at).total_seconds():.0f} s", each.what) for each in moments],
        empty="nothing",
    )
    incident = closed.incident
    output.text(
        f"\nthe shop in prod    {shop.url('/')}\n"
        f"the Temporal UI     {shop.connection.settings.temporal_ui_url}\n"
        f"the failed release  {shop.connection.ui(incident.last_failed.request.id)}\n"
        f"its roll-forward    {shop.connection.ui(closed.roll_forward)}\n"
        "what was broken     onward roll-forwards --all\n"
        f"the whole incident  onward show {closed.roll_forward}\n"
        "what runs where     onward deployed\n"
        "stop all of it      onward down"
    )


def _of_release(result: ReleaseResult) -> Iterable[Moment]:
    name, stages = _name(result), result.stages
    if not stages:
        return
    yield Moment(at=stages[0].started, what=f"{name}: begins")
    last = stages[-1]
    end = last.started + timedelta(seconds=last.seconds or 0)
    where = f" in {result.failure.stage}" if result.failure else ""
    yield Moment(at=end, what=f"{name}: {result.status}{where}")


def _of_roll_forward(view: RollForwardView) -> Iterable[Moment]:
    incident = view.incident
    frozen = ", and deploys are frozen for all but fixes" if view.prod_affected else ""
    yield Moment(at=incident.opened, what=f"{view.roll_forward} is open{frozen}")
    for each in incident.said:
        yield Moment(at=each.at, what=f"{each.by} {each.text}")
    if incident.closed is not None:
        yield Moment(at=incident.closed, what=f"{view.roll_forward} is closed by {incident.closed_by}")


def _name(result: ReleaseResult) -> str:
    number = f" #{result.number}" if result.number else ""
    return f"{result.application}-{result.role}{number} ({result.commit[:12]})"
