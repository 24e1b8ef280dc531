"""An alert of prod, from Alertmanager through ``onward listen`` to an open roll-forward."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from tests.e2e.application import Application
from tests.e2e.commandline import TIMEOUT, CommandLine
from tests.e2e.disturbance import until
from tests.servers import alertmanager_server

pytestmark = pytest.mark.without_suites

TOKEN = "only-for-tests"


def test_an_alert_of_prod_opens_the_roll_forward_of_what_is_deployed_there(
    application: Application, onward: CommandLine
) -> None:
    deployed = application.release("catalog")
    labels = {"application": application.name, "role": "catalog", "alertname": "CatalogIsSlow"}

    with _listening(onward) as webhook, alertmanager_server(webhook, TOKEN) as alertmanager:
        for environment in ("ci", "prod"):
            alert = {"labels": {**labels, "environment": environment}, "annotations": {"summary": "3 s per request"}}
            requests.post(f"{alertmanager}/api/v2/alerts", json=[alert], timeout=10).raise_for_status()
        until(lambda: application.roll_forward("catalog") is not None)
        time.sleep(3)  # whatever else would come of it

    row = application.roll_forward("catalog")
    assert row is not None
    assert (row["release"], row["state"], row["prod_affected"]) == (deployed["release"], "waiting", True)
    assert "CatalogIsSlow" in onward.run("show", f"roll-forward:{application.name}-catalog").stdout
    assert len(application.incident("catalog")["incident"]["attempts"]) == 1
    mended = application.change("catalog/service.yaml", "LOG_LEVEL: info", "LOG_LEVEL: warning")
    assert onward.json(*application.fix_words("catalog", mended))["status"] == "verified"
    until(lambda: application.roll_forward("catalog") is None)


@contextmanager
def _listening(onward: CommandLine) -> Iterator[str]:
    """``onward listen`` on a free port; the URL that Alertmanager sends to."""
    with CommandLine({**onward.environment, "ONWARD_LISTEN_TOKEN": TOKEN}).start_installed(
        "listen", "--address", "127.0.0.1:0", "--json"
    ) as listener:
        assert listener.stdout is not None
        text = ""
        while not text.rstrip().endswith("}"):
            line = listener.stdout.readline()
            assert line, "it has ended"
            text += line
        try:
            yield f"{json.loads(text)['listening']}/alerts"
        finally:
            listener.terminate()
            listener.communicate(timeout=TIMEOUT)
    assert listener.returncode == 0
