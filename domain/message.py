"""The base of whatever travels through Temporal."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A model that an old worker can read when a newer one wrote it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
