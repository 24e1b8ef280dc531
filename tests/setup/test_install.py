"""What is missing is said before it is installed, as root or through sudo, once."""

from __future__ import annotations

import shutil
import struct
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import NotFound
from stack.elf import is_static
from stack.programs import BUSYBOX, CHROMIUM, COMPOSE, GIT, MMDEBSTRAP, PROMETHEUS, PROMTOOL, how_to_get, installed
from stack.setup import INSTALL, has_snaps, install, install_chromium, is_missing, set_up_checks
from tests.setup.machine import FakeMachine

WANTED = (GIT, MMDEBSTRAP)


def test_what_is_missing_is_said_before_it_is_installed_and_not_again(machine: FakeMachine) -> None:
    machine.add_apt()
    machine.add_sudo()
    account, said = machine.account(), list[str]()

    def report(line: str) -> None:
        assert machine.told("apt-get") == []
        said.append(line)

    install([each for each in WANTED if is_missing(each, None, account.path)], report, account)

    assert said == [
        f"missing: git – {GIT.why}",
        f"missing: mmdebstrap – {MMDEBSTRAP.why}",
        "installing with apt-get: git mmdebstrap",
    ]
    assert machine.told("sudo") == ["-n true", f"-n sh {INSTALL} git mmdebstrap"]
    assert machine.told("apt-get") == ["update -qq", "install -qq -y --no-install-recommends git mmdebstrap"]
    assert not machine.policy.exists(), "services start again as the machine's owner wants them"
    assert [each for each in WANTED if is_missing(each, None, account.path)] == []


def test_what_make_check_calls_is_installed_without_asking_any_server(machine: FakeMachine) -> None:
    machine.add_apt()
    machine.add_sudo()
    account, said = machine.account(), list[str]()
    for _ in range(2):
        set_up_checks(said.append, account)
    assert said == [
        f"missing: git – {GIT.why}",
        f"missing: prometheus – {PROMTOOL.why}",
        "installing with apt-get: git prometheus",
    ]


def test_a_second_time_nothing_is_said_or_done(machine: FakeMachine) -> None:
    install([], pytest.fail, machine.account())
    assert machine.told("sudo") == []


@pytest.mark.parametrize(
    ("uid", "has_terminal", "words"), [(0, False, []), (1000, False, ["sudo", "-n"]), (1000, True, ["sudo"])]
)
def test_root_needs_no_sudo_and_only_a_terminal_can_be_asked_for_a_password(
    machine: FakeMachine, uid: int, has_terminal: bool, words: list[str]
) -> None:
    machine.add_sudo()
    found = machine.account(uid=uid, has_terminal=has_terminal).as_root()
    assert found is not None
    assert [Path(word).name for word in found] == words


@pytest.mark.parametrize("has_sudo", [False, True])
def test_without_sudo_or_where_it_says_no_the_command_is_given(machine: FakeMachine, has_sudo: bool) -> None:
    machine.add_apt()
    if has_sudo:
        machine.add_sudo(allows=False)
    with pytest.raises(NotFound) as refused:
        install(WANTED, lambda _: None, machine.account())
    assert "next: sudo apt-get install --no-install-recommends git mmdebstrap" in str(refused.value)
    assert "onward doctor" in str(refused.value)
    assert machine.told("apt-get") == []


def test_without_apt_the_image_is_named_or_who_makes_the_program(machine: FakeMachine) -> None:
    with pytest.raises(NotFound) as refused:
        install((GIT, PROMETHEUS), lambda _: None, machine.account(uid=0))
    assert f"next: docker pull {PROMETHEUS.image}" in str(refused.value)
    assert f"next: see {GIT.page}" in str(refused.value)
    assert "apt-get" not in str(refused.value)


def test_roots_commands_are_shown_without_sudo(machine: FakeMachine) -> None:
    machine.add_apt()
    assert how_to_get([GIT], machine.account(uid=0)) == ["apt-get install --no-install-recommends git"]


def test_what_apt_says_when_it_fails_is_shown_and_services_are_let_start_again(machine: FakeMachine) -> None:
    machine.policy.write_text("theirs")
    machine.add("apt-get", "echo E: Unable to locate package >&2; exit 100")
    machine.add_sudo()
    with pytest.raises(NotFound, match="Unable to locate package"):
        install(WANTED, lambda _: None, machine.account())
    assert machine.policy.read_text() == "theirs"


def test_only_a_static_busybox_will_do(machine: FakeMachine) -> None:
    dynamic = machine.programs / "busybox"
    shutil.copy(sys.executable, dynamic)
    assert not is_static(dynamic)
    assert installed(BUSYBOX, str(machine.programs)) is None
    assert installed(replace(BUSYBOX, static=False), str(machine.programs)) == str(dynamic)
    # A header and one program header, PT_LOAD: nothing asks for a loader.
    header = b"\x7fELF\x02\x01".ljust(0x20, b"\0") + struct.pack("<Q", 64)
    dynamic.write_bytes(header.ljust(0x36, b"\0") + struct.pack("<HH", 56, 1).ljust(10, b"\0") + struct.pack("<I", 1))
    assert installed(BUSYBOX, str(machine.programs)) == str(dynamic)


@pytest.mark.parametrize("name", ["chromium-browser", "google-chrome"])
def test_every_chromium_will_do(machine: FakeMachine, name: str) -> None:
    assert installed(CHROMIUM, str(machine.programs)) is None
    assert installed(CHROMIUM, str(machine.add(name, "").parent)) == str(machine.programs / name)


def test_a_program_is_found_where_its_own_installer_puts_it(machine: FakeMachine) -> None:
    plugin = machine.add("docker-compose-plugin", "")
    found = replace(COMPOSE, binaries=("no-such-program",), elsewhere=(f"{machine.programs}/docker-*-plugin",))
    assert installed(found) == str(plugin)


def test_where_chromium_is_a_snap_playwright_installs_its_own(machine: FakeMachine) -> None:
    release = machine.programs / "os-release"
    release.write_text('NAME="Debian"\nID=debian\n')
    assert not has_snaps(release)
    release.write_text('NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n')
    assert has_snaps(release)
    playwright = str(machine.add("playwright", ""))
    install_chromium(lambda _: None, playwright)
    assert machine.told("playwright") == ["install --with-deps chromium"]
    machine.add("playwright", "echo no network >&2; exit 1")
    with pytest.raises(NotFound, match="no network"):
        install_chromium(lambda _: None, playwright)
