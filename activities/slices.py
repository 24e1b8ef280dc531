"""A regression's slice: brought up, taken down, and found when nobody took it down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio import activity

from activities.combination import Combinations
from activities.heartbeat import Heartbeat
from domain.regression_steps import Leftovers, SliceReady, SliceRequest
from domain.slices import SliceOwner, Slices

#: A slice younger than this may belong to a regression that the server has only just begun to show.
YOUNG = timedelta(seconds=30)


class SliceActivities:
    """Holds the engine of ci."""

    def __init__(self, slices: Slices, combinations: Combinations) -> None:
        self._slices = slices
        self._combinations = combinations

    @activity.defn(no_thread_cancel_exception=True)
    def bring_up(self, request: SliceRequest) -> SliceReady:
        """Run every version of the combination under its canonical name, and say which suites to run.

        A second attempt finds what the first one made. A service that does not come up is a
        fault of the combination: an answer, not an error; one that is known before brings nothing up.
        :raises Untrusted: see ``Combinations``.
        """
        with Heartbeat() as progress:
            progress.say("reading the manifests")
            combination = self._combinations.read(request.regression)
            versions = {role: manifest.release for role, (_, manifest) in combination.basis.items()}
            if fault := request.regression.fault or combination.fault:
                return SliceReady(versions=versions, fault=fault)
            up = self._slices.up(request.owner, self._combinations.deployments(combination), progress)
            return SliceReady(
                versions=versions,
                urls=up.urls,
                datastores=combination.datastores,
                own_datastores=up.datastores,
                suites=tuple(combination.suites),
                fault=up.fault,
            )

    @activity.defn(no_thread_cancel_exception=True)
    def take_down(self, owner: SliceOwner) -> None:
        """Remove all of a slice. A second attempt removes what is left; nothing there is fine."""
        with Heartbeat() as progress:
            self._slices.down(owner, progress)

    @activity.defn(no_thread_cancel_exception=True)
    def leftovers(self) -> Leftovers:
        """All slices but the youngest; whose regression is over, nobody will take down."""
        now = datetime.now(UTC)
        with Heartbeat():
            return Leftovers(slices=tuple(found for found in self._slices.found() if now - found.created > YOUNG))
