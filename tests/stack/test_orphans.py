"""What ``onward doctor`` says of the registry of owners, beside who is orphaned."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from settings import StackSettings
from stack.credentials import Credentials
from stack.findings import Level
from stack.orphans import orphans
from stack.servers import BUCKET
from tests.free_ports import LOOPBACK, free_ports
from tests.servers import s3_server


@pytest.mark.server
def test_an_s3_that_does_not_know_the_keys_is_said_and_one_that_is_away_is_said_elsewhere(tmp_path: Path) -> None:
    away = StackSettings(s3_port=free_ports(1)[0])
    credentials = Credentials(tmp_path, away.name, BUCKET)
    credentials.make()
    assert list(orphans(away, credentials, LOOPBACK)) == []

    with s3_server() as server:
        there = StackSettings(s3_port=urlsplit(server.endpoint).port or 0)
        (found,) = orphans(there, credentials, LOOPBACK)

    assert (found.subject, found.level, found.next) == ("owners", Level.WARN, "onward up")
    assert "it does not know the keys" in found.detail
