"""How activities are tried."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityConfig

from domain.identity import Duty
from workflows import policies

WORK = (Duty.CI, "work")
LONG = timedelta(minutes=15)
CONFIGS = {
    "brief": policies.brief(*WORK),
    "lasting": policies.lasting(*WORK),
    "enduring": policies.enduring(*WORK, LONG),
    "told": policies.told(*WORK),
    "swept": policies.swept(*WORK),
    "looked through": policies.looked_through(*WORK),
    "long": policies.long(*WORK, LONG),
    "observation": policies.observation(*WORK, LONG),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_a_killed_worker_is_noticed_within_ten_seconds(config: ActivityConfig) -> None:
    noticed = config.get("heartbeat_timeout") or config["start_to_close_timeout"]

    assert noticed is not None
    assert noticed <= timedelta(seconds=10)


@pytest.mark.parametrize("name", ["lasting", "enduring"])
def test_a_gate_waits_for_a_server_as_long_as_it_takes(name: str) -> None:
    config = CONFIGS[name]

    assert config.get("schedule_to_close_timeout") is None
    assert config["retry_policy"] is not None
    assert config["retry_policy"].maximum_attempts == 0


def _given_up_after(retry: RetryPolicy | None) -> timedelta | None:
    """For attempts that fail at once; ``None`` when only a timeout ends them."""
    assert retry is not None
    assert retry.maximum_interval is not None
    if retry.maximum_attempts == 0:
        return None
    pauses = (retry.initial_interval * retry.backoff_coefficient**n for n in range(retry.maximum_attempts - 1))
    return sum((min(pause, retry.maximum_interval) for pause in pauses), timedelta())


def test_a_build_gives_up_a_server_that_is_away_after_the_time_that_every_stage_has() -> None:
    build = policies.long(Duty.BUILD, "build", timedelta(hours=1))
    after = _given_up_after(build["retry_policy"])
    assert after is not None
    assert timedelta(0) <= policies.PATIENCE - after < timedelta(seconds=20)


def test_a_channel_that_is_down_is_tried_for_its_hour() -> None:
    told = policies.told(Duty.CI, "tell")
    assert _given_up_after(told["retry_policy"]) is None
    assert told["schedule_to_close_timeout"] == timedelta(hours=1)
