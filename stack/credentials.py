"""The stack's own keys: made once, kept in the state directory for this user only."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from domain.environment import ENVIRONMENTS, Environment
from domain.identity import Duty, backup_bucket, duty_of, edge_bucket
from engines.ed25519 import VERDICTS, generate

PRIVATE = 0o600


def actions(stack: str, bucket: str) -> dict[Duty, list[str]]:
    """What each duty may do in S3, in SeaweedFS's words; a delete counts as a write.

    The build duty writes Onward's own bucket. An environment's duty reads it, writes logs, how migrations and runs
    ended, its sizes and what it saw there (``ci`` also verdicts with their reports, what is published, evidence, and
    who was told), and has the buckets of its sites, the one that its edge reads, and the one of its backups. Of another
    environment's buckets it can do nothing.
    """
    every = ("Admin", "Read", "List", "Write")
    allowed = {Duty.BUILD: [f"{action}:{bucket}" for action in every]}
    for environment in ENVIRONMENTS:
        own = (f"{environment}-*", edge_bucket(stack, environment))
        allowed[duty_of(environment)] = [
            *(f"Read:{bucket}", f"List:{bucket}", f"Write:{bucket}/logs/*"),
            *(f"Write:{bucket}/{kept}/{environment}/*" for kept in ("migrations", "scale", "drift", "runs")),
            *(f"{action}:{name}" for name in own for action in (*every, "Tagging")),
            *(f"{action}:{backup_bucket(stack, environment)}" for action in every),
        ]
    allowed[Duty.CI] += [
        f"Write:{bucket}/{kept}/*" for kept in ("published", "owners", "verdicts", "reports", "evidence", "notices")
    ]
    return allowed


def task_actions(environment: Environment) -> list[str]:
    """What the services of an environment may do in S3: read and write its buckets, and make none.

    A resource's name has two hyphens; that of the bucket in which the edge reads its routes has one.
    """
    return [f"{action}:{environment}-*-*" for action in ("Read", "List", "Write")]


class _Model(BaseModel):
    model_config = ConfigDict(populate_by_name=True, frozen=True)


class S3Key(_Model):
    """One key pair, in the form of SeaweedFS's identities file."""

    access: str = Field(alias="accessKey")
    secret: SecretStr = Field(alias="secretKey")


class _Identity(_Model):
    name: str
    credentials: tuple[S3Key, ...]


class _Identities(_Model):
    identities: tuple[_Identity, ...]


class Credentials:
    """The keys of one stack: S3's identities, the private keys that sign, the public ones believed.

    :param directory: where they are kept.
    :param stack: the stack's name.
    :param bucket: Onward's own bucket, in which the duties have different rights.
    """

    def __init__(self, directory: Path, stack: str, bucket: str) -> None:
        self.s3_identities = directory / "s3.json"
        self.s3_internal_key = directory / "s3-internal-key"
        self.signing_key = directory / "signing-key.pem"
        self.verdict_key = directory / "verdict-key.pem"
        self.trusted_keys = directory / "trusted"
        self._actions = actions(stack, bucket)

    def make(self) -> None:
        """Make what is missing; what is there stays, or nothing stored so far could be verified.

        What each key may do is written anew: a newer Onward may need more.
        """
        identities = [self._identity(duty, may) for duty, may in self._actions.items()]
        identities += [self._identity(_tasks(each), task_actions(each)) for each in ENVIRONMENTS]
        write_private(self.s3_identities, json.dumps({"identities": identities}))
        if not self.s3_internal_key.exists():
            write_private(self.s3_internal_key, secrets.token_hex(32))
        generate(self.signing_key, self.trusted_keys / "onward.pem")
        generate(self.verdict_key, self.trusted_keys / VERDICTS / "onward.pem")

    def s3_key(self, duty: Duty) -> S3Key:
        """The key pair of a duty."""
        return self._keys()[duty.value]

    def task_credentials(self, environment: Environment) -> str:
        """The key of an environment's services, as a file that every AWS SDK reads."""
        key = self._keys()[_tasks(environment)]
        secret = key.secret.get_secret_value()
        return f"[default]\naws_access_key_id = {key.access}\naws_secret_access_key = {secret}\n"

    def _keys(self) -> dict[str, S3Key]:
        known = _Identities.model_validate_json(self.s3_identities.read_text())
        return {each.name: each.credentials[0] for each in known.identities}

    def _identity(self, name: str, may: list[str]) -> dict[str, object]:
        there = self._keys().get(name) if self.s3_identities.exists() else None
        key = {"accessKey": secrets.token_hex(10), "secretKey": secrets.token_hex(20)}
        if there is not None:
            key = {"accessKey": there.access, "secretKey": there.secret.get_secret_value()}
        return {"name": name, "credentials": [key], "actions": may}


def _tasks(environment: Environment) -> str:
    """What SeaweedFS calls the services of an environment."""
    return f"services-{environment}"


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, all of it or nothing."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=PRIVATE)
    draft.write_text(text)
    draft.replace(path)
