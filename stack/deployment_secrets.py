"""``python -m stack.deployment_secrets DIRECTORY``: the secrets that ``docker-compose.yml`` mounts."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path

from domain.identity import Duty
from settings import WorkerSettings
from stack.credentials import Credentials, write_private
from stack.servers import BUCKET

STACK: str = WorkerSettings.model_fields["stack"].default


def make(directory: Path) -> None:
    """Make one file per secret; what is there already stays.

    Only their owner can enter the directory. The files themselves are readable, because Docker
    mounts each as it is into a container that may run as another user.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    credentials = Credentials(directory, STACK, BUCKET)
    credentials.make()
    password = directory / "postgres-password"
    if not password.exists():
        write_private(password, secrets.token_hex(20))
    for duty in (Duty.BUILD, Duty.CI, Duty.PROD):
        key = credentials.s3_key(duty)
        write_private(directory / f"s3-{duty}-access", key.access)
        write_private(directory / f"s3-{duty}-secret", key.secret.get_secret_value())
    for file in directory.iterdir():
        file.chmod(0o755 if file.is_dir() else 0o644)


if __name__ == "__main__":
    make(Path(sys.argv[1]))
