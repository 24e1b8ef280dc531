"""What the example's datastore needs before it can be released: its base image, passwords, and the driver's wheels.

    python -m stack.shop_database TARGET

makes sure of all of it on the local stack, makes TARGET a git repository of the shop with its datastore, and prints the
commit. Without it – in the demo, and wherever it is not about data – the shop keeps what it has in memory.
"""

from __future__ import annotations

import argparse
import secrets
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing, suppress
from pathlib import Path

from docker import DockerClient

from domain.artifact import digest_of
from domain.environment import ENVIRONMENTS
from domain.errors import Conflict, OnwardError, Unreachable
from domain.identity import ServiceId, secret_name
from engines.docker_api import address_of, connect, translated
from engines.labels import Label
from examples.repository import APPLICATION, DATASTORE, READERS, SHOP, make_repository
from settings import StackSettings
from stack.credentials import write_private
from stack.engine import Report
from stack.images import Images
from stack.places import PRIVATE, Machine, StateDirectory
from stack.postgres_image import ensure_postgres_image

REQUIREMENTS = SHOP / READERS[0] / "wheels" / "requirements.txt"


def ensure_shop_database(settings: StackSettings, application: str, report: Report) -> Path:
    """Make what is missing; the directory of the driver's wheels. Again: nothing.

    The passwords are secrets of the stack's own: ``down --purge`` removes them with the data.

    :raises NotFound: the image can neither be pulled nor made.
    :raises Unreachable: the wheels were never downloaded, and cannot be now.
    """
    machine = Machine(settings)
    with closing(connect(settings.docker_host)) as client:
        ensure_postgres_image(client, Images(client, machine), report)
        _ensure_passwords(client, settings, application)
    return _ensure_driver(machine, report)


def _ensure_passwords(client: DockerClient, settings: StackSettings, application: str) -> None:
    file = StateDirectory(settings).keys / f"{application}-{DATASTORE}-password"
    if not file.exists():
        write_private(file, secrets.token_hex(20))
    wanted = [(DATASTORE, "postgres-password"), *((reader, "database-password") for reader in READERS)]
    labels = {Label.STACK.value: settings.name}
    for environment in ENVIRONMENTS:
        for role, secret in wanted:
            name = secret_name(environment, ServiceId(application=application, role=role), secret)
            with suppress(Conflict), translated(address_of(client)):  # it is there
                client.api.create_secret(name, file.read_bytes(), labels=labels)


def _ensure_driver(machine: Machine, report: Report) -> Path:
    """Kept for the machine, under the digest of what was asked for: a second time needs no network."""
    name = digest_of(REQUIREMENTS.read_bytes()).partition(":")[2][:12]
    there = machine.root / "wheels" / name
    if there.is_dir():
        return there
    report(f"downloading {' '.join(REQUIREMENTS.read_text().split())}: the shop talks to PostgreSQL with it")
    there.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=there.parent) as folder:
        draft = Path(folder, name)
        command = [
            *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
            *("--only-binary=:all:", "--dest", str(draft), "--requirement", str(REQUIREMENTS)),
        ]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            said = f"{done.stderr.strip()[-500:]}\n  next: run the command again where pip can download"
            raise Unreachable("the package index", "pip download", said)
        with suppress(FileExistsError):  # somebody else was faster
            shutil.move(draft, there)
    return there


def main() -> None:
    """As the module says."""
    parser = argparse.ArgumentParser(description="Make a git repository of the shop with its datastore.")
    parser.add_argument("target", type=Path, help="a directory that does not exist yet")
    target = parser.parse_args().target
    try:
        driver = ensure_shop_database(StackSettings(), APPLICATION, _note)
    except OnwardError as error:
        sys.exit(f"{error}")
    print(make_repository(target, driver=driver))  # noqa: T201 – the answer


def _note(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
