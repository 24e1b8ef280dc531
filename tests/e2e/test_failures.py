"""Releases that do not end well: a clear reason, nothing half done, the old version serves on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import pytest

from domain.environment import Environment
from settings import StackSettings
from tests.e2e.application import Application, an_application
from tests.e2e.commandline import CommandLine
from tests.e2e.load import ENOUGH, Load

EXITS_AT_ONCE = "raise SystemExit(3)"
NEVER_HEALTHY = "import time; time.sleep(3600)"


@pytest.fixture(scope="module")
def served(
    onward: CommandLine, stack_settings: StackSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Application]:
    """An application without suites whose catalog serves, for all cases of this file that need one, in their order."""
    with an_application(onward, stack_settings, tmp_path_factory.mktemp("served"), suites=()) as application:
        application.release("catalog")
        yield application


def _only_in_prod(application: Application, fault: str) -> str:
    """Something that the regression cannot see: it comes with the configuration of prod.

    Elsewhere the version serves, and says that it is another one: its tea has a new name, which is returned.
    """
    app = "catalog/app.py"
    (tea,) = re.findall('"tea": {"name": "(.+?)"', (application.repository / app).read_text())
    new = f"Tea {uuid4().hex[:8]}"
    application.change(app, tea, new)
    start = f"import os, runpy\nif os.environ['LOG_LEVEL'] == 'info':\n    {fault}\n"
    application.write("catalog/start.py", f"{start}runpy.run_path('app.py', run_name='__main__')\n")
    _with_command(application, 'CMD ["python3", "start.py"]')
    return new


def _with_command(application: Application, command: str) -> None:
    dockerfile = (application.repository / "catalog" / "Dockerfile").read_text()
    kept = [line for line in dockerfile.splitlines() if not line.startswith(("CMD", "ENTRYPOINT"))]
    application.write("catalog/Dockerfile", "\n".join([*kept, command, ""]))


def _only_the_old_one_answered(load: Load, before: str) -> None:
    assert list(load.texts) == [before]
    assert load.answers.total() > ENOUGH


@pytest.mark.without_suites
def test_a_build_that_fails_says_which_step_and_deploys_nothing(application: Application) -> None:
    dockerfile = (application.repository / "catalog" / "Dockerfile").read_text()
    application.write("catalog/Dockerfile", f'{dockerfile}\nRUN ["python3", "-c", "raise SystemExit(7)"]\n')

    document = application.release("catalog", exit_code=1)

    assert document["status"] == "failed"
    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("build", "BuildFailed")
    assert "returned a non-zero code: 7" in document["failure"]["message"]
    assert document["failure"]["evidence"].endswith("build-image.log")
    assert document["roll_forward"] == f"roll-forward:{application.name}-catalog"
    assert application.deployed("catalog") == {}


def test_a_container_that_exits_at_once_does_not_get_beyond_its_slice(application: Application) -> None:
    _with_command(application, f'CMD ["python3", "-c", "{EXITS_AT_ONCE}"]')

    document = application.release("catalog", exit_code=1)

    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("regression", "RegressionFailed")
    assert "exit" in document["failure"]["message"]
    assert document["roll_forward"] == f"roll-forward:{application.name}-catalog"
    assert document["number"] is None
    assert application.deployed("catalog") == {}


def test_one_that_exits_at_once_in_prod_halts_there_loses_no_request_and_the_next_goes_forward_over_it(
    served: Application,
) -> None:
    good = served.deployed("catalog")["prod"]
    before = served.get(Environment.PROD, served.path("catalog"))
    tea = _only_in_prod(served, EXITS_AT_ONCE)

    with (
        Load(served.url(Environment.PROD, served.path("catalog"))) as in_prod,
        Load(served.url(Environment.CI, served.path("catalog"))) as in_ci,
    ):
        document = served.release("catalog", exit_code=1)

    assert document["status"] == "failed"
    assert document["failure"]["stage"] == "deploy prod"
    assert document["failure"]["kind"] == "DeployHalted"
    there = served.deployed("catalog")
    assert (there["ci"]["number"], there["ci"]["state"]) == (good["number"] + 1, "running")
    assert (there["prod"]["number"], there["prod"]["commit"]) == (good["number"], good["commit"])
    assert there["prod"]["state"] == "halted"
    assert (in_prod.lost, in_ci.lost) == (0, 0), (in_prod.answers, in_ci.answers)
    _only_the_old_one_answered(in_prod, before)
    assert [tea in text for text in in_ci.texts] == [False, True]

    _with_command(served, 'CMD ["python3", "app.py"]')
    mended = served.release("catalog")
    assert (mended["status"], mended["number"]) == ("verified", good["number"] + 2)
    assert {row["state"] for row in served.deployed("catalog").values()} == {"running"}


def test_a_service_that_never_becomes_healthy_halts_and_the_old_one_serves_on(served: Application) -> None:
    good = served.deployed("catalog")["prod"]
    before = served.get(Environment.PROD, served.path("catalog"))
    _only_in_prod(served, NEVER_HEALTHY)

    with Load(served.url(Environment.PROD, served.path("catalog"))) as load:
        document = served.release("catalog", exit_code=1)

    assert document["status"] == "failed"
    assert (document["failure"]["stage"], document["failure"]["kind"]) == ("deploy prod", "DeployHalted")
    there = served.deployed("catalog")["prod"]
    assert (there["number"], there["commit"], there["state"]) == (good["number"], good["commit"], "halted")
    assert there["healthy"] == there["replicas"] == 2
    assert load.lost == 0, load.answers
    _only_the_old_one_answered(load, before)


def test_failing_smoke_cases_stop_the_release_before_prod(application: Application) -> None:
    application.release("catalog")
    application.change(
        "catalog/tests/integration/test_catalog.py",
        '        self.assertTrue(tea["name"])\n',
        '        self.assertTrue(tea["name"])\n        self.assertNotIn("ONWARD_CASES", os.environ)\n',
    )

    document = application.release("catalog", exit_code=1)

    assert document["failure"]["stage"] == "verify ci"
    assert "test_smoke_tea_has_a_name_and_a_price failed" in document["failure"]["message"]
    assert document["roll_forward"] == f"roll-forward:{application.name}-catalog"
    assert application.deployed("catalog")["prod"]["number"] == 1
