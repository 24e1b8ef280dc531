"""How activities are tried."""

from __future__ import annotations

from datetime import timedelta

import pytest
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
