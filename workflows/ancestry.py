"""Never back at the gate: a release is not tested behind a version of its service that has everything of it.

The source stage has compared the commit with what was published then. Of two releases that are on their way at the
same time the newer one may be published first – the older one's build was slower, say – and that only the basis of a
test tells.
"""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.source import SourceActivities
    from domain.artifact import Digest
    from domain.gate_decisions import Snapshot
    from domain.identity import Duty
    from domain.release import ReleaseRequest
    from domain.stages import Comparison
    from workflows import policies

COMPARE_TIMEOUT = timedelta(minutes=5)


class Ancestry:
    """Which versions of its own service a release was compared with."""

    def __init__(self, request: ReleaseRequest) -> None:
        self._request = request
        self._behind: dict[Digest, str] = {}

    def follows(self, version: Digest | None) -> None:
        """The source stage has seen that the release is not behind this version."""
        if version is not None:
            self._behind[version] = ""

    async def fault(self, basis: Snapshot) -> str:
        """Why the release must not be published on a basis: it is behind the version of its service there."""
        version = basis.get(self._request.role)
        if version is None:
            return ""
        if version not in self._behind:
            compared = await workflow.execute_activity_method(
                SourceActivities.compare,
                Comparison(release=self._request, version=version),
                **policies.long(Duty.BUILD, "compare with the version ahead", COMPARE_TIMEOUT),
            )
            self._behind[version] = compared.behind
        return self._behind[version]
