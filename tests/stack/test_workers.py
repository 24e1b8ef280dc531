"""Each worker of the stack is given its duty's variables and no other key; the worker itself checks."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import trustme

from domain.identity import Duty
from settings import StackSettings, inherited_environment
from stack.credentials import Credentials
from stack.places import StateDirectory
from stack.servers import BUCKET
from stack.workers import CODE, WORKER, code_digest, worker, worker_environment

CHECK = (
    "import sys, settings, domain.identity; settings.WorkerSettings().checked_for(domain.identity.Duty(sys.argv[1]))"
)


def told(tmp_path: Path, duty: Duty, channels: Path = Path()) -> dict[str, str]:
    """What the worker of a duty is started with."""
    settings = StackSettings(state_directory=tmp_path, channels=channels)
    credentials = Credentials(tmp_path, settings.name, BUCKET)
    credentials.make()
    return worker_environment(settings, StateDirectory(settings), credentials, "172.17.0.1", duty)


@pytest.mark.parametrize("duty", list(Duty))
@pytest.mark.parametrize("other", list(Duty))
def test_a_worker_accepts_its_own_environment_and_no_other(tmp_path: Path, duty: Duty, other: Duty) -> None:
    environment = {**inherited_environment(), **told(tmp_path, duty), "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", CHECK, other], env=environment, capture_output=True, check=False)
    assert (done.returncode == 0) == (duty is other), done.stderr.decode()


def test_who_is_told_is_known_to_the_ci_duty_alone_and_only_if_somebody_is(tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    holders = [duty for duty in Duty if told(tmp_path, duty, file).get("ONWARD_CHANNELS") == str(file)]
    assert holders == [Duty.CI]
    assert "ONWARD_CHANNELS" not in told(tmp_path, Duty.CI)


def test_how_often_on_call_is_told_again_is_said_to_the_workflows_worker_alone(tmp_path: Path) -> None:
    settings = StackSettings(state_directory=tmp_path, remind_every=timedelta(seconds=90))
    again = StackSettings.model_validate({"remind_every": settings.environment()["ONWARD_REMIND_EVERY"]})
    assert again.remind_every == settings.remind_every

    holders = {duty: told(tmp_path, duty).get("ONWARD_REMIND_EVERY") for duty in Duty}
    assert {duty: every for duty, every in holders.items() if every} == {Duty.ORCHESTRATE: "15m"}


def test_a_worker_with_another_file_of_channels_is_another_worker(tmp_path: Path) -> None:
    file = tmp_path / "channels.yaml"
    settings = StackSettings(state_directory=tmp_path, channels=file)
    credentials = Credentials(tmp_path, settings.name, BUCKET)
    credentials.make()
    configurations = set()
    for text in ("channels: []\n", "channels: []  # for now\n"):
        file.write_text(text)
        configurations.add(
            worker(settings, StateDirectory(settings), credentials, "172.17.0.1", Duty.CI, lambda _: 0).configuration
        )
    assert len(configurations) == 2


def test_a_worker_whose_edge_is_to_know_another_authority_is_another_worker(tmp_path: Path) -> None:
    file = tmp_path / "roots.pem"
    settings = StackSettings(
        state_directory=tmp_path, edge_ci_domain="shop.example.test", acme_email="ann@example.test", acme_roots=file
    )
    credentials = Credentials(tmp_path, settings.name, BUCKET)
    credentials.make()
    configurations = set()
    for _ in range(2):
        trustme.CA().cert_pem.write_to_path(file)
        made = worker(settings, StateDirectory(settings), credentials, "172.17.0.1", Duty.CI, lambda _: 0, "traefik:v0")
        assert made.environment["ONWARD_EDGE_ACME_ROOTS"] == str(file)
        configurations.add(made.configuration)
    assert len(configurations) == 2


def test_no_two_duties_share_a_key_of_s3(tmp_path: Path) -> None:
    keys = [told(tmp_path, duty)["ONWARD_S3_ACCESS_KEY"] for duty in (Duty.BUILD, Duty.CI, Duty.PROD)]
    assert len(set(keys)) == 3


def test_keys_are_made_once_and_are_their_owners_alone(tmp_path: Path) -> None:
    first, second = told(tmp_path, Duty.BUILD), told(tmp_path, Duty.BUILD)
    assert first == second
    secret = [tmp_path / "s3.json", Path(first["ONWARD_SIGNING_KEY"])]
    assert [file.stat().st_mode & 0o777 for file in secret] == [0o600, 0o600]


def test_a_worker_of_other_code_is_another_worker(tmp_path: Path) -> None:
    for name in ("worker.py", *CODE):
        if name.endswith(".py"):
            (tmp_path / name).write_text("")
        else:
            (tmp_path / name).mkdir()
    before = code_digest(tmp_path)
    (tmp_path / "domain" / "deployment.py").write_text("def decide(): ...")
    assert code_digest(tmp_path) != before
    assert code_digest(WORKER.parent) == code_digest(WORKER.parent)
