"""What the gate of an application decides: each is for one candidate, named by its key."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from domain.artifact import Digest
from domain.environment import Environment

#: Role → manifest digest: one combination of versions.
Snapshot = dict[str, Digest]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Test(_Model):
    """Test the candidate on this basis; whatever it was tested on before no longer counts."""

    kind: Literal["test"] = "test"
    key: str
    test: int
    basis: Snapshot


class Publish(_Model):
    """Write the set with the candidate in it, if the set is still the one that it was tested on.

    ``verdict`` is the digest of the attestation that says so.
    """

    kind: Literal["publish"] = "publish"
    key: str
    manifest: Digest
    basis: Snapshot
    verdict: Digest


class Published(_Model):
    """The candidate has its number; its turn to deploy comes."""

    kind: Literal["published"] = "published"
    key: str
    number: int
    verdict: Digest


class Rejected(_Model):
    """The candidate did not pass on the published set itself, or its verdict does not hold.

    ``reason`` says what the candidate cannot know; of a test that it failed it knows more itself.
    """

    kind: Literal["rejected"] = "rejected"
    key: str
    reason: str = ""


class Turn(_Model):
    """Deploy now to this environment: first to ci, and to prod when all of the turn are verified there."""

    kind: Literal["turn"] = "turn"
    key: str
    environment: Environment = Environment.CI


class SupersededBy(_Model):
    """A newer release of the same role is deployed in its place."""

    kind: Literal["superseded"] = "superseded"
    key: str
    by: str


Decision = Annotated[Test | Publish | Published | Rejected | Turn | SupersededBy, Field(discriminator="kind")]
