"""The stack's own keys: made once, kept in the state directory for this user only."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from domain.environment import ENVIRONMENTS
from domain.identity import Duty, duty_of, edge_bucket
from engines.ed25519 import VERDICTS, generate

PRIVATE = 0o600


def actions(stack: str, bucket: str) -> dict[Duty, list[str]]:
    """What each duty may do in S3, in SeaweedFS's words; a delete counts as a write.

    The build duty writes Onward's own bucket. An environment's duty reads it, writes logs, backups and how
    migrations ended there (``ci`` also verdicts with their reports, what is published, evidence, and who was
    told), and has the buckets of its sites and the one that its edge reads.
    """
    allowed = {Duty.BUILD: [f"{action}:{bucket}" for action in ("Admin", "Read", "List", "Write")]}
    for environment in ENVIRONMENTS:
        own = (f"{environment}-*", edge_bucket(stack, environment))
        allowed[duty_of(environment)] = [
            *("Read", "List", *(f"Write:{bucket}/{kept}/*" for kept in ("logs", "migrations", "backups"))),
            *(f"{action}:{name}" for name in own for action in ("Admin", "Write", "Tagging")),
        ]
    allowed[Duty.CI] += [
        f"Write:{bucket}/{kept}/*" for kept in ("published", "verdicts", "reports", "evidence", "notices")
    ]
    return allowed


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
        identities = [self._identity(duty) for duty in self._actions]
        write_private(self.s3_identities, json.dumps({"identities": identities}))
        if not self.s3_internal_key.exists():
            write_private(self.s3_internal_key, secrets.token_hex(32))
        generate(self.signing_key, self.trusted_keys / "onward.pem")
        generate(self.verdict_key, self.trusted_keys / VERDICTS / "onward.pem")

    def s3_key(self, duty: Duty) -> S3Key:
        """The key pair of a duty."""
        known = _Identities.model_validate_json(self.s3_identities.read_text())
        return next(each.credentials[0] for each in known.identities if each.name == duty)

    def _identity(self, duty: Duty) -> dict[str, object]:
        key = {"accessKey": secrets.token_hex(10), "secretKey": secrets.token_hex(20)}
        if self.s3_identities.exists():
            there = self.s3_key(duty)
            key = {"accessKey": there.access, "secretKey": there.secret.get_secret_value()}
        return {
            "name": duty.value,
            "credentials": [key],
            "actions": self._actions[duty],
        }


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, all of it or nothing."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=PRIVATE)
    draft.write_text(text)
    draft.replace(path)
