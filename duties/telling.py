"""Who is told of a roll-forward: a file of channels, a key of the ci duty."""

from __future__ import annotations

from pathlib import Path

from activities.tell import TellActivities
from domain.channels import Channels
from domain.channels_file import parse_channels
from domain.errors import InvalidInput
from duties.parts import Activities, object_store
from engines.apprise_notifier import AppriseNotifier
from settings import WorkerSettings


def read_channels(settings: WorkerSettings) -> Channels:
    """Who is told, from the file that the settings name; nobody without one.

    :raises InvalidInput: the file cannot be read, or something in it is wrong.
    """
    file = settings.channels
    if file == Path():
        return Channels()
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InvalidInput(f"cannot be read: {reason}", where=f"ONWARD_CHANNELS={file}") from None
    return parse_channels(text, str(file), AppriseNotifier().understands)


def telling_activities(settings: WorkerSettings, channels: Channels) -> Activities:
    """Who is told of a roll-forward, and the record of who was."""
    return [TellActivities(object_store(settings), AppriseNotifier(), channels).tell]
