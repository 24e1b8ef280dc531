"""The orchestrate duty: Temporal, and no key of any store or environment."""

from __future__ import annotations

from datetime import timedelta

from temporalio.client import Client

from activities.batch_queue import BatchQueueActivities
from activities.gate import GateActivities
from activities.orphans import OrphanActivities
from activities.roll_forwards import RollForwardActivities
from activities.search_attributes import SearchAttributeActivities
from duties.parts import Activities


def orchestrating_activities(client: Client, remind_every: timedelta) -> Activities:
    """What needs Temporal and nothing else."""
    gates, roll_forwards = GateActivities(client), RollForwardActivities(client, remind_every)
    attributes = SearchAttributeActivities(client)
    queues = BatchQueueActivities(client)
    return [
        gates.join,
        gates.resume,
        gates.freeze,
        gates.unfreeze,
        gates.sweep_gates,
        gates.abandoned,
        roll_forwards.open,
        roll_forwards.reopen,
        roll_forwards.last_verified,
        OrphanActivities(client).orphans,
        attributes.compare_search_attributes,
        attributes.register_search_attributes,
        queues.ask,
        queues.over,
        queues.schedule,
        queues.unschedule,
    ]
