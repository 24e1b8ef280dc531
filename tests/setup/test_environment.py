"""``stack/environment.sh``: the newest Python that will do, its venv module, the Python side from the lock."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.setup.machine import FakeMachine

ROOT = Path(__file__).parents[2]

#: A Python of some version whose venv module is a package of its own, as Debian's.
PYTHON = """
case $* in
    *version_info*) exit {refuses} ;;
    *ensurepip*) [ -e {programs}/python3.12-venv ] ;;
    "-m venv "*) mkdir -p $3/bin; ln -s {programs}/pip-python $3/bin/python ;;
esac"""


def run(machine: FakeMachine, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Make an environment on the machine; :class:`FakeMachine` says what was done."""
    return subprocess.run(
        ["/bin/sh", str(ROOT / "stack/environment.sh"), str(tmp_path / "venv")],
        cwd=ROOT,
        env={"PATH": str(machine.programs), "POLICY_RC_D": str(machine.policy)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def add_python(machine: FakeMachine) -> None:
    """3.11 is not there, 3.12 is, and so is what the script uses besides."""
    machine.add("python3.12", PYTHON.format(refuses=0, programs=machine.programs))
    machine.add("pip-python", "")
    for name in ("id", "dirname", "basename", "readlink", "mkdir", "ln"):
        (machine.programs / name).symlink_to(f"/usr/bin/{name}")


def test_the_environment_is_made_from_the_lock_and_the_missing_module_is_installed_once(
    machine: FakeMachine, tmp_path: Path
) -> None:
    add_python(machine)
    machine.add_apt()
    machine.add_sudo()
    first = run(machine, tmp_path)

    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout.splitlines()[0] == "missing: python3.12-venv – makes the Python environment"
    assert machine.told("apt-get")[-1].endswith("python3.12-venv")
    pip = machine.told("pip-python")
    assert [each.split(" --", 1)[0] for each in pip] == ["-m pip install"] * 2
    assert pip[0].endswith("--require-hashes -r requirements.lock")
    assert pip[1].endswith("-e .")

    second = run(machine, tmp_path)
    assert "missing" not in second.stdout
    assert len(machine.told("apt-get")) == 2


def test_without_apt_and_sudo_the_command_is_given(machine: FakeMachine, tmp_path: Path) -> None:
    add_python(machine)
    (machine.programs / "id").unlink()
    machine.add("id", "echo 1000")
    done = run(machine, tmp_path)
    assert done.returncode == 1
    assert "next: sudo apt-get install python3.12-venv" in done.stderr


def test_an_old_python_is_refused(machine: FakeMachine, tmp_path: Path) -> None:
    machine.add("python3", PYTHON.format(refuses=1, programs=machine.programs))
    done = run(machine, tmp_path)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr
