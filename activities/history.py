"""What changed in a repository between two commits."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeat import Heartbeat
from domain.evidence import CHANGES_LIMIT, Changes, ChangesRequest
from domain.masking import masked_texts
from domain.source import Repositories


class HistoryActivities:
    """Reads git, and only its commits."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    @activity.defn(no_thread_cancel_exception=True)
    def changes(self, request: ChangesRequest) -> Changes:
        """The commits since what was verified, the newest first, a hundred at most.

        Only reads, so a second call does no harm. A repository that cannot be read, or that has not
        the commit, is an error: whoever collects evidence says so in its faults.
        """
        with Heartbeat() as progress:
            progress.say(f"reading the commits before {request.until[:12]}")
            found = self._repositories.changes(
                request.repository, request.since, request.until, CHANGES_LIMIT, progress
            )
        return masked_texts(found)
