"""Stage *manifest*: a release claims what it will write, before anything of it is signed."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeat import Heartbeat
from activities.owners import Owners
from domain.holding import written
from domain.ownership import Ownership
from domain.resource_steps import ClaimRequest, ResourcesNoted
from domain.storage import ObjectStore


class ClaimActivities:
    """Writes the registry of owners."""

    def __init__(self, store: ObjectStore) -> None:
        self._owners = Owners(store)

    @activity.defn(no_thread_cancel_exception=True)
    def claim(self, request: ClaimRequest) -> ResourcesNoted:
        """Make everything that the release writes its service's own, or nothing.

        Of two that claim at once, one writes first; the other reads that and is refused. A second attempt of the same
        release finds its own claim: it is the same document, as its time is the workflow's.
        :raises ResourceRefused: another service owns some of it, or the release reads what nobody writes.
        """
        by = request.claimant

        def change(current: Ownership) -> Ownership:
            current.require_readable(by)
            return current.claimed(by)

        with Heartbeat():
            self._owners.change(request.definition.application, change)
        claimed = [str(each) for each in written(request.definition)]
        return ResourcesNoted(detail=f"owns {', '.join(claimed)}" if claimed else "")
