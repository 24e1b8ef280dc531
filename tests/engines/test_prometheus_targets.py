"""PrometheusTargets: written whole, and asked by a real Prometheus under the names that monitors know."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import requests

from domain.bootstrap import Present
from domain.environment import Environment
from domain.errors import NotFound, Unreachable
from domain.scrape_targets import TargetGroup, target_groups
from engines import prometheus_targets
from engines.prometheus_targets import PrometheusTargets
from tests.servers import prometheus_server
from tests.silence import closed_port

pytestmark = pytest.mark.server

GROUPS = target_groups(Environment.PROD, workers=["127.0.0.1:1"], replicas=["127.0.0.1:2"], edges=["127.0.0.1:3"])


def _asked(address: str) -> dict[str, dict[str, Any]]:
    """Job → what Prometheus itself says of it."""
    answer = requests.get(f"{address}/api/v1/targets", timeout=5).json()
    return {target["labels"]["job"]: target for target in answer["data"]["activeTargets"]}


def test_prometheus_asks_what_was_written_and_no_more_what_went(tmp_path: Path) -> None:
    with prometheus_server(more=tmp_path) as address:
        targets = PrometheusTargets(tmp_path, Environment.PROD, GROUPS, address)
        assert targets.present() is Present.MISSING
        targets.ensure()
        targets.ensure()

        asked = _asked(address)
        assert targets.present() is Present.RIGHT
        assert {job: target["scrapeUrl"] for job, target in asked.items()} == {
            "worker-prod": "http://127.0.0.1:1/metrics",
            "replicas-prod": "http://127.0.0.1:2/metrics",
            "edge-prod": "http://127.0.0.1:3/metrics",
        }
        assert asked["edge-prod"]["labels"]["environment"] == "prod"
        assert asked["worker-prod"]["labels"]["duty"] == "prod"
        assert {job: target["scrapeInterval"] for job, target in asked.items()} == {
            "worker-prod": "500ms",  # as this Prometheus does by itself
            "replicas-prod": "2s",
            "edge-prod": "2s",
        }

        fewer = PrometheusTargets(tmp_path, Environment.PROD, GROUPS[1:], address)
        assert fewer.present() is Present.OTHER
        fewer.ensure()
        end = time.monotonic() + 30
        while "worker-prod" in _asked(address):
            assert time.monotonic() < end
            time.sleep(0.2)


def test_one_that_reads_another_place_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus_targets, "PATIENCE", 1.0)
    with prometheus_server() as address, pytest.raises(NotFound) as caught:
        PrometheusTargets(tmp_path, Environment.PROD, GROUPS[:1], address).ensure()

    assert f"Prometheus at {address} does not ask 127.0.0.1:1" in str(caught.value)
    assert f"expected: file_sd_configs of it that read {tmp_path / 'targets-prod.json'}" in str(caught.value)
    assert PrometheusTargets(tmp_path, Environment.PROD, GROUPS[:1]).present() is Present.MISSING


def test_one_that_does_not_take_what_is_new_goes_on_asking_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prometheus_targets, "PATIENCE", 1.0)
    PrometheusTargets(tmp_path, Environment.PROD, GROUPS[:1]).ensure()
    with prometheus_server() as address, pytest.raises(NotFound):
        PrometheusTargets(tmp_path, Environment.PROD, GROUPS, address).ensure()

    assert PrometheusTargets(tmp_path, Environment.PROD, GROUPS[:1]).present() is Present.RIGHT


def test_what_was_never_confirmed_is_still_to_do_and_what_was_there_before_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Prometheus was away when they were written; when it is back, it reads another place."""
    PrometheusTargets(tmp_path, Environment.PROD, GROUPS[:1]).ensure()
    new = PrometheusTargets(tmp_path, Environment.PROD, GROUPS)
    with closed_port() as port, pytest.raises(Unreachable, match="Prometheus"):
        PrometheusTargets(tmp_path, Environment.PROD, GROUPS, f"http://127.0.0.1:{port}").ensure()
    assert new.present() is Present.OTHER

    with prometheus_server() as address, monkeypatch.context() as brief:
        brief.setattr(prometheus_targets, "PATIENCE", 1.0)
        with pytest.raises(NotFound):
            PrometheusTargets(tmp_path, Environment.PROD, GROUPS, address).ensure()
    assert PrometheusTargets(tmp_path, Environment.PROD, GROUPS[:1]).present() is Present.RIGHT

    with prometheus_server(more=tmp_path) as address:
        PrometheusTargets(tmp_path, Environment.PROD, GROUPS, address).ensure()
    assert new.present() is Present.RIGHT


def test_two_environments_share_a_directory(tmp_path: Path) -> None:
    ci = target_groups(Environment.CI, workers=["127.0.0.1:4", "127.0.0.1:5"], replicas=[], edges=[])
    with prometheus_server(more=tmp_path) as address:
        PrometheusTargets(tmp_path, Environment.PROD, GROUPS, address).ensure()
        PrometheusTargets(tmp_path, Environment.CI, ci, address).ensure()

        assert set(_asked(address)) == {"worker-prod", "replicas-prod", "edge-prod", "worker-ci"}
    assert PrometheusTargets(tmp_path, Environment.PROD, GROUPS).present() is Present.RIGHT


def test_what_has_no_address_is_no_target() -> None:
    only = TargetGroup(targets=("a:1",), labels={"job": "worker-ci", "duty": "ci"})
    assert target_groups(Environment.CI, workers=["a:1"], replicas=[], edges=[]) == [only]
