"""The search attributes of a release. ``onward up`` registers them; ``docs/production.md`` says
how on a cluster."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from domain.release import ReleaseRequest, ReleaseStatus, Stage

APPLICATION = SearchAttributeKey.for_keyword("OnwardApplication")
ROLE = SearchAttributeKey.for_keyword("OnwardRole")
COMMIT = SearchAttributeKey.for_keyword("OnwardCommit")
STAGE = SearchAttributeKey.for_keyword("OnwardStage")
STATUS = SearchAttributeKey.for_keyword("OnwardStatus")
NUMBER = SearchAttributeKey.for_int("OnwardNumber")

#: Of a release that did not end well: the roll-forward that it belongs to.
ROLL_FORWARD = SearchAttributeKey.for_keyword("OnwardRollForward")

#: Of a roll-forward: the run IDs of the failed releases that belong to it.
RUNS = SearchAttributeKey.for_keyword_list("OnwardRuns")

ALL = (APPLICATION, ROLE, COMMIT, STAGE, STATUS, NUMBER, ROLL_FORWARD, RUNS)


def of_new_release(request: ReleaseRequest) -> TypedSearchAttributes:
    """What a release starts with."""
    return TypedSearchAttributes(
        [
            SearchAttributePair(APPLICATION, request.application),
            SearchAttributePair(ROLE, request.role),
            SearchAttributePair(COMMIT, request.commit),
            SearchAttributePair(STAGE, Stage.SOURCE.value),
            SearchAttributePair(STATUS, ReleaseStatus.RUNNING.value),
        ]
    )
