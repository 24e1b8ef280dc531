"""Who is told: channels, each an Apprise URL. A URL is a secret, as most hold a token or a password."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from domain.definition_values import Section
from domain.identity import APPLICATION_PATTERN
from domain.message import Message
from domain.notice import Notice, Severity

#: Where Apprise's URLs hold a server and not a token between ``//`` and ``/``.
_WITH_A_SERVER = frozenset({"form", "forms", "http", "https", "json", "jsons", "mailto", "mailtos", "xml", "xmls"})
_HOST = re.compile(r"[\w.-]{1,253}")


class Channel(Section):
    """Some URLs, and the notices that they get: of one application or all, of some severities or all."""

    application: str | None = Field(default=None, pattern=APPLICATION_PATTERN)
    severity: tuple[Severity, ...] = Field(default=tuple(Severity), min_length=1)
    urls: tuple[SecretStr, ...] = Field(min_length=1)
    escalation: tuple[SecretStr, ...] = ()

    def concerns(self, notice: Notice) -> bool:
        """Whether the notice is for this channel."""
        return self.application in (None, notice.application) and notice.severity in self.severity


class Channels(Section):
    """All channels; none by default."""

    channels: tuple[Channel, ...] = ()

    def addressed(self, notice: Notice) -> tuple[SecretStr, ...]:
        """The URLs that get a notice, each once, in the order of the file."""
        concerned = [channel for channel in self.channels if channel.concerns(notice)]
        urls = [url for channel in concerned for url in channel.urls]
        if notice.escalated:
            urls += [url for channel in concerned for url in channel.escalation]
        return tuple(dict.fromkeys(urls))

    @property
    def secrets(self) -> frozenset[str]:
        """Every URL in the open, for those who must keep it out of a log."""
        urls = [url for channel in self.channels for url in (*channel.urls, *channel.escalation)]
        return frozenset(url.get_secret_value() for url in urls)


class NoticeRecord(Message):
    """Which channels have taken a notice, by :func:`fingerprint`."""

    taken: frozenset[str] = frozenset()


def fingerprint(url: SecretStr, notice: str) -> str:
    """What is kept of a URL: a digest of it and of the notice's ID, slow on purpose (scrypt, RFC 7914),
    as a URL may hold a password that could be guessed."""
    return hashlib.scrypt(url.get_secret_value().encode(), salt=notice.encode(), n=2**14, r=8, p=1, dklen=16).hex()


def shown(url: SecretStr) -> str:
    """A channel as people may see it: ``json://hooks.test``, or ``slack``, where the host is a secret, too."""
    text = url.get_secret_value()
    scheme, _, rest = text.partition("://")
    try:
        host = urlsplit(text).hostname or ""
    except ValueError:
        return scheme
    is_a_server = scheme in _WITH_A_SERVER and rest.count("@") < 2 and _HOST.fullmatch(host)
    return f"{scheme}://{host}" if is_a_server else scheme
