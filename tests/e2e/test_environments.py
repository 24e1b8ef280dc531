"""What an environment needs, on a whole local stack."""

from __future__ import annotations

import subprocess

from tests.e2e.application import Application
from tests.e2e.commandline import CommandLine


def test_a_network_that_is_missing_is_seen_and_made_once(application: Application, onward: CommandLine) -> None:
    application.release("catalog")
    clean = onward.json("env", "diff", "prod")
    assert clean["to_do"] == []
    assert application.name in clean["applications"]
    network = f"prod-{application.name}-data"
    subprocess.run(["docker", "network", "rm", network], check=True, capture_output=True, timeout=60)

    missing = {"kind": "network", "name": network, "state": "missing", "change": "create"}
    assert onward.json("env", "diff", "prod", exit_code=1)["to_do"] == [missing]
    assert onward.json("env", "diff", "ci")["to_do"] == []
    refused = onward.run("env", "apply", "prod", "--json")
    assert (refused.exit_code, refused.document["error"]["kind"]) == (2, "InvalidInput")

    applied = onward.json("env", "apply", "prod", "--yes")
    assert (applied["applied"], applied["to_do"]) == ([missing], [])
    assert "nothing to do" in onward.run("env", "apply", "prod", "--yes").stdout
    shown = onward.run("env", "show", "prod").stdout
    assert network in shown
    assert "OnwardRuns" in shown
