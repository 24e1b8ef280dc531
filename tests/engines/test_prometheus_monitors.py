"""PrometheusMonitors: installed in a real Prometheus, and what is in the way of it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from domain.environment import Environment
from domain.errors import Conflict, DeployHalted, Superseded, Unreachable, VerifyFailed
from domain.monitor import Monitoring
from domain.monitor_set import InstalledMonitors, installed
from domain.monitor_state import are_loaded
from engines.prometheus_monitors import PrometheusMonitors
from engines.rule_files import RuleFiles
from tests.fakes.monitoring import MemoryMonitoring
from tests.fakes.progress import SilentProgress
from tests.free_ports import free_ports
from tests.monitors import RULES, TESTS, definition, own, to_install
from tests.servers import prometheus_server

PROGRESS = SilentProgress()
FIRING = RULES.replace("sum(rate(carts_total{", "vector(7) or sum(rate(carts_total{").replace("for: 1m", "for: 0s")
NAME = "prod-shop-cart"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


@pytest.fixture(scope="module")
def address(directory: Path) -> Iterator[str]:
    with prometheus_server(more=directory) as address:
        yield address


@pytest.fixture(params=["memory", pytest.param("prometheus", marks=pytest.mark.server)])
def monitoring(request: pytest.FixtureRequest, directory: Path) -> Monitoring:
    """Without any monitors yet."""
    if request.param == "memory":
        return MemoryMonitoring()
    address = request.getfixturevalue("address")
    return _emptied(address, directory)


def _emptied(address: str, directory: Path) -> PrometheusMonitors:
    for file in directory.glob("*.yml*"):
        file.unlink()
    found = PrometheusMonitors(address, directory)
    found._api.reload()
    return found


def test_what_is_installed_is_judged_and_nothing_is_loaded_twice(monitoring: Monitoring) -> None:
    monitors = to_install(own())

    assert monitoring.judged(NAME) == []
    assert monitoring.install(monitors, PROGRESS)
    assert are_loaded(monitors, monitoring.judged(NAME))
    assert not monitoring.install(monitors, PROGRESS)
    assert not monitoring.install(to_install(own(), number=2), PROGRESS), "another release with the same monitors"
    _until(lambda: {rule.health for rule in monitoring.judged(NAME)} == {"ok"})


def test_a_rule_that_is_gone_from_the_release_is_gone_from_prometheus(monitoring: Monitoring) -> None:
    monitoring.install(to_install(own()), PROGRESS)
    renamed = to_install(own(RULES.replace("CartFails", "CartSlow"), _tests("CartSlow")), number=2)

    assert monitoring.install(renamed, PROGRESS)
    names = {rule.name for rule in monitoring.judged(NAME)}
    assert "CartSlow" in names
    assert "CartFails" not in names


def test_each_environment_has_its_own(monitoring: Monitoring) -> None:
    for environment in Environment:
        assert monitoring.install(to_install(own(), environment=environment), PROGRESS)

    assert len(monitoring.judged(NAME)) == len(monitoring.judged("ci-shop-cart")) == own().count


def test_an_older_release_never_overwrites_a_newer_ones(monitoring: Monitoring) -> None:
    newer = to_install(own(), number=7)
    monitoring.install(newer, PROGRESS)

    with pytest.raises(Superseded, match="#7"):
        monitoring.install(to_install(own(RULES.replace("> 1", "> 2")), number=6), PROGRESS)
    assert are_loaded(newer, monitoring.judged(NAME))


def test_what_is_rejected_leaves_what_was_there(monitoring: Monitoring) -> None:
    before, broken = to_install(own()), _broken(number=2)
    monitoring.install(before, PROGRESS)
    if isinstance(monitoring, MemoryMonitoring):
        monitoring.rejected.add("rat(")

    for _ in range(2):
        with pytest.raises(DeployHalted, match=f"does not take the monitors of {NAME}"):
            monitoring.install(broken, PROGRESS)
    assert are_loaded(before, monitoring.judged(NAME))
    assert monitoring.install(to_install(own(RULES.replace("> 1", "> 3")), number=3), PROGRESS)


@pytest.mark.server
def test_what_was_there_comes_back_also_after_a_crash_between_writing_and_loading(
    address: str, directory: Path
) -> None:
    monitoring, before, broken = _emptied(address, directory), to_install(own()), _broken(number=2)
    monitoring.install(before, PROGRESS)
    RuleFiles(directory).put(broken, keep=True)  # and here the worker is killed

    with pytest.raises(DeployHalted, match="failed to reload"):
        monitoring.install(broken, PROGRESS)
    text = (directory / f"{NAME}.yml").read_text()
    assert "release #1," in text
    assert [file.name for file in directory.glob("*.yml*")] == [f"{NAME}.yml"]


@pytest.mark.server
def test_a_file_of_somebody_else_that_is_broken_is_nobodys_fault_and_is_waited_for(
    address: str, directory: Path
) -> None:
    monitoring, monitors = _emptied(address, directory), to_install(own())
    other = directory / "other.yml"
    other.write_text("groups: nothing\n")
    with pytest.raises(Conflict, match=rf"takes no rules at all, nor those from before the monitors of {NAME}"):
        monitoring.install(monitors, PROGRESS)
    other.unlink()

    assert monitoring.install(monitors, PROGRESS)
    assert are_loaded(monitors, monitoring.judged(NAME))


@pytest.mark.server
def test_what_a_killed_worker_wrote_is_loaded_by_the_next_one(address: str, directory: Path) -> None:
    monitoring, monitors = _emptied(address, directory), to_install(own())
    RuleFiles(directory).put(monitors, keep=False)

    assert monitoring.install(monitors, PROGRESS)
    assert are_loaded(monitors, monitoring.judged(NAME))


@pytest.mark.server
def test_what_fires_is_told_with_labels_value_and_since_when(address: str, directory: Path) -> None:
    monitoring = _emptied(address, directory)
    monitoring.install(to_install(own(FIRING)), PROGRESS)

    _until(lambda: any(rule.alerts for rule in monitoring.judged(NAME) if rule.name == "CartFails"))
    (alert,) = next(rule.alerts for rule in monitoring.judged(NAME) if rule.name == "CartFails")
    assert alert.firing
    assert alert.value == "7e+00"
    assert alert.labels["environment"] == "prod"
    assert alert.summary == "7 carts fail"
    assert monitoring.value("vector(3)") == 3
    assert monitoring.value("count(nothing_of_this_name)") is None
    with pytest.raises(VerifyFailed, match=r"cannot answer sum\("):
        monitoring.value("sum(")


@pytest.mark.server
def test_a_prometheus_that_may_not_be_told_or_reads_another_directory_says_what_it_lacks(tmp_path: Path) -> None:
    with (
        prometheus_server(lifecycle=False) as address,
        pytest.raises(DeployHalted, match=r"it needs --web\.enable-lifecycle"),
    ):
        PrometheusMonitors(address, tmp_path).install(to_install(own()), PROGRESS)
    assert list(tmp_path.glob("*.yml*")) == []
    with (
        prometheus_server() as address,
        pytest.raises(DeployHalted, match=rf"expected: rule_files with {tmp_path}/\*\.yml in its configuration"),
    ):
        PrometheusMonitors(address, tmp_path).install(to_install(own()), PROGRESS)
    assert list(tmp_path.glob("*.yml*")) == [], "the next attempt is not told that all is as before"


def test_a_prometheus_that_is_down_is_named(tmp_path: Path) -> None:
    address = f"http://127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(Unreachable, match=f"Prometheus at {address} does not answer: Connection refused"):
        PrometheusMonitors(address, tmp_path).install(to_install(own()), PROGRESS)


def _broken(number: int) -> InstalledMonitors:
    """Rules that no promtool has seen."""
    text = own().rules.replace("rate(carts_total", "rat(carts_total")
    return installed(text, Environment.PROD, definition().service, number, "sha256:" + "b" * 64)


def _tests(alert: str) -> str:
    return TESTS.replace("CartFails", alert)


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.1)


INSTALLS = """\
import sys
from pathlib import Path
from engines.prometheus_monitors import PrometheusMonitors
from tests.fakes.progress import SilentProgress
from tests.monitors import RULES, own, to_install
monitoring = PrometheusMonitors(sys.argv[1], Path(sys.argv[2]))
for number in range(int(sys.argv[3]), 1_000_000):
    monitoring.install(to_install(own(RULES.replace("> 1", f"> {number}")), number=number), SilentProgress())
    print(number, flush=True)
"""


@pytest.mark.server
def test_whenever_a_worker_is_killed_the_next_one_goes_on(address: str, directory: Path) -> None:
    monitoring, number = _emptied(address, directory), 1
    for pause in (0.0, 0.03, 0.05, 0.08, 0.11):
        words = [sys.executable, "-c", INSTALLS, address, str(directory), str(number)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            installed_by_it = int(worker.stdout.readline())
            time.sleep(pause)
            worker.kill()
            rest = [int(line) for line in worker.stdout.read().split()]
        number = max([installed_by_it, *rest]) + 2  # the one after the last may have been written, too
        monitors = to_install(own(RULES.replace("> 1", f"> {number}")), number=number)

        monitoring.install(monitors, PROGRESS)

        assert are_loaded(monitors, monitoring.judged(NAME))
        assert [file.name for file in directory.glob("*.yml*")] == [f"{NAME}.yml"]
        number += 1
