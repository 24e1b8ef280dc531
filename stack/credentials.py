"""The stack's own keys: made once, kept in the state directory for this user only."""

from __future__ import annotations

import json
import secrets
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from domain.identity import Duty
from engines.ed25519 import generate
from stack.places import StateDirectory

PRIVATE = 0o600

#: What each duty may do in S3, in SeaweedFS's words; a delete counts as a write. The build duty
#: writes what it built; ``ci`` also publishes; an environment's duty writes its own sites and logs.
ACTIONS: dict[Duty, tuple[str, ...]] = {
    Duty.BUILD: ("Admin:{bucket}", "Read:{bucket}", "List:{bucket}", "Write:{bucket}"),
    Duty.CI: ("Read", "List", "Write:{bucket}/published/*", "Write:{bucket}/logs/*", "Admin:ci-*", "Write:ci-*"),
    Duty.PROD: ("Read", "List", "Write:{bucket}/logs/*", "Admin:prod-*", "Write:prod-*"),
}


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
    """The keys of one stack: S3's identities, the private key that signs, the public ones believed.

    :param bucket: Onward's own bucket, in which the duties have different rights.
    """

    def __init__(self, directory: StateDirectory, bucket: str) -> None:
        self.s3_identities = directory.keys / "s3.json"
        self.signing_key = directory.keys / "signing-key.pem"
        self.trusted_keys = directory.keys / "trusted"
        self._bucket = bucket

    def make(self) -> None:
        """Make what is missing; what is there stays, or nothing stored so far could be verified."""
        if not self.s3_identities.exists():
            write_private(self.s3_identities, json.dumps({"identities": [self._identity(duty) for duty in ACTIONS]}))
        generate(self.signing_key, self.trusted_keys / "onward.pem")

    def s3_key(self, duty: Duty) -> S3Key:
        """The key pair of a duty."""
        known = _Identities.model_validate_json(self.s3_identities.read_text())
        return next(each.credentials[0] for each in known.identities if each.name == duty)

    def _identity(self, duty: Duty) -> dict[str, object]:
        return {
            "name": duty.value,
            "credentials": [{"accessKey": secrets.token_hex(10), "secretKey": secrets.token_hex(20)}],
            "actions": [action.format(bucket=self._bucket) for action in ACTIONS[duty]],
        }


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read, all of it or nothing."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=PRIVATE)
    draft.write_text(text)
    draft.replace(path)
