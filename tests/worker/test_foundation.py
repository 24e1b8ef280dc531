"""Which targets a duty writes for Prometheus: those of all of its workers, whichever of them writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.bootstrap import Present
from domain.environment import Environment
from duties.foundation import prometheus_targets
from settings import WorkerSettings

ALL = {"metrics_addresses": "a:9464, b:9464", "exporter_addresses": "a:9468,b:9468"}


def settings(directory: Path, host: str, **more: str) -> WorkerSettings:
    own = {"metrics_address": f"{host}:9464", "exporter_address": f"{host}:9468", **more}
    return WorkerSettings().model_copy(update={"rules_directory": directory, **own})


@pytest.mark.parametrize(("more", "hosts"), [({}, ["a"]), (ALL, ["a", "b"])])
def test_they_are_its_own_or_those_that_it_was_told(tmp_path: Path, more: dict[str, str], hosts: list[str]) -> None:
    targets = prometheus_targets(settings(tmp_path, "a", **more), Environment.PROD)
    assert targets is not None
    targets.ensure()

    written = {each["labels"]["job"]: each["targets"] for each in json.loads(Path(targets.name).read_text())}
    assert written == {
        "worker-prod": [f"{host}:9464" for host in hosts],
        "replicas-prod": [f"{host}:9468" for host in hosts],
    }
    other = prometheus_targets(settings(tmp_path, "b", **more), Environment.PROD)
    assert other is not None
    assert other.present() is (Present.RIGHT if more else Present.OTHER)


def test_without_a_directory_there_are_none() -> None:
    assert prometheus_targets(settings(Path(), "a"), Environment.PROD) is None
