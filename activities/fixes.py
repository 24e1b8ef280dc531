"""Looks at a commit that is offered as a fix, where git can be read."""

from __future__ import annotations

from temporalio import activity

from activities.heartbeat import Heartbeat
from domain.definition_file import read_definition
from domain.roll_forward_messages import FixFacts, FixProposal
from domain.source import Repositories, checked_commit, checked_directory


class FixActivities:
    """Only reads."""

    def __init__(self, repositories: Repositories) -> None:
        self._repositories = repositories

    @activity.defn(no_thread_cancel_exception=True)
    def examine(self, proposal: FixProposal) -> FixFacts:
        """Whose service a commit holds, and which of some commits it is behind.

        :raises InvalidInput: the commit or its ``service.yaml`` is not there, or not fit to be released.
        """
        commit, directory = checked_commit(proposal.commit), checked_directory(proposal.service_directory)
        with Heartbeat() as progress:
            progress.say(f"reading {commit[:12]}")
            files = self._repositories.files(proposal.repository, commit, directory, progress)
            definition = read_definition(files)
            behind = []
            for each in proposal.against:
                progress.say(f"comparing with {each[:12]}")
                if self._repositories.is_ancestor(proposal.repository, commit, each, progress):
                    behind.append(each)
        return FixFacts(service=definition.service, behind=tuple(behind))
