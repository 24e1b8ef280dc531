"""What each duty does: settings → stores, engines → activities. Only here a technology is chosen."""

from __future__ import annotations

from temporalio.client import Client

from domain.channels import Channels
from domain.environment import Environment
from domain.identity import Duty
from duties.building import build_activities
from duties.environment import environment_activities
from duties.orchestrating import orchestrating_activities
from duties.parts import Activities
from duties.regression import regression_activities
from duties.telling import telling_activities
from settings import WorkerSettings


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
