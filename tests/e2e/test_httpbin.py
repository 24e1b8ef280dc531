"""A service that nobody here wrote: httpbin from PyPI, with its own tests as the suite."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from uuid import uuid4

from domain.environment import ENVIRONMENTS
from examples.httpbin.make_repository import make_repository
from settings import StackSettings
from tests.e2e.commandline import CommandLine


def test_httpbin_is_released_and_its_own_tests_pass_in_both_environments(
    onward: CommandLine, stack_settings: StackSettings, tmp_path: Path
) -> None:
    application = f"t{uuid4().hex[:8]}"
    commit = make_repository(tmp_path / "httpbin", application)

    document = onward.json("release", "--repo", str(tmp_path / "httpbin"), "--commit", commit)

    assert document["status"] == "verified"
    verified = [stage["detail"] for stage in document["stages"] if stage["name"].startswith("verify")]
    assert len(verified) == 2
    for environment, detail in zip(ENVIRONMENTS, verified, strict=True):
        passed = int(detail.partition(" passed")[0].rpartition(" ")[2])
        assert passed > 60, detail
        url = f"http://127.0.0.1:{stack_settings.edge_port(environment)}/{application}/get?a=1"
        with urllib.request.urlopen(url, timeout=10) as response:
            assert json.load(response)["args"] == {"a": "1"}
