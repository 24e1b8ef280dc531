"""What each duty does: settings → stores, engines → activities. Only here a technology is chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from temporalio.client import Client

from domain.channels import Channels
from domain.environment import Environment
from domain.identity import Duty, duty_of
from duties.building import build_activities
from duties.environment import disk_collector, environment_activities, last_runs, replica_collector
from duties.orchestrating import orchestrating_activities
from duties.parts import Activities
from duties.regression import regression_activities
from duties.telling import telling_activities
from engines import run_metrics
from engines.disk_exporter import looking
from engines.replica_exporter import exporting
from engines.run_metrics import remembering
from settings import WorkerSettings


@contextmanager
def exporting_for(own: Mapping[Duty, WorkerSettings]) -> Iterator[None]:
    """What duties tell Prometheus beside the SDK's metrics, until the end of the block.

    :param own: each duty of this process with its settings.
    """
    addresses = {settings.exporter_address for settings in own.values()} - {""}
    environments = [(own[duty], each) for each in Environment if (duty := duty_of(each)) in own]
    told = [(settings, each) for settings, each in environments if settings.exporter_address]
    replicas = [replica_collector(*each) for each in told]
    disks = [disk_collector(*each) for each in told]
    collectors = [*replicas, *disks, run_metrics.REGISTRY] if told else []
    with ExitStack() as running:
        for collector in disks:
            running.enter_context(looking(collector))
        for settings, each in told:
            running.enter_context(remembering(last_runs(settings, each)))
        running.enter_context(exporting(addresses.pop() if addresses else "", collectors))
        yield


def activities_of(duty: Duty, client: Client, settings: WorkerSettings, channels: Channels) -> Activities:
    """What a duty does.

    :param channels: whom the ci duty tells.
    """
    match duty:
        case Duty.ORCHESTRATE:
            return orchestrating_activities(client, settings.remind_every)
        case Duty.BUILD:
            return build_activities(settings)
        case Duty.CI:
            return [
                *environment_activities(settings, Environment.CI),
                *regression_activities(settings),
                *telling_activities(settings, channels),
            ]
        case Duty.PROD:
            return environment_activities(settings, Environment.PROD)
