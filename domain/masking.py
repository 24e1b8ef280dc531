"""What must not be read by whoever reads a log: secrets that are known, and what looks like one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from pydantic import BaseModel

MASK = "***"

#: A shorter one would take ordinary words with it.
SHORTEST = 6

#: The last word of a name whose value is a secret; ``tokens`` and ``token_count`` are none.
_NAMES = (
    r"(?:passwo?r?d|passphrase|passcode|secret|token|(?<![a-z])pwd(?![ \t]*[:=][ \t]*/)"
    r"|(?:api|access|secret|private|auth|signing|encryption)[_-]?key(?:[_-]?id)?|x-amz-signature)"
)
#: What is said in a secret's place and is none.
_STANDS_FOR_ONE = (
    r"(?:null|none|nil|true|false|undefined|missing|invalid|expired|incorrect|wrong|required|empty|unset"
    r"|\[?redacted\]?|\*+)(?![\w*])|\$\{?\w|<\w+>|%\("
)
_QUOTED = r"[bru]?(?P<quote>\\?[\"'])(?:(?!(?P=quote))[^\r\n])*(?P=quote)"
#: ``token: expected a name`` is prose.
_PROSE = r"[a-z]+ +[a-z]"

_ASSIGNED = re.compile(
    rf"(?P<name>{_NAMES}\\?[\"']?[ \t]*(?:=>|:=|[:=](?![>=]))[ \t]*)(?!\\?[\"']?(?:{_STANDS_FOR_ONE}))"
    rf"(?:(?P<word>{_QUOTED})|(?!(?<=[ \t]){_PROSE})[^\s,;&\]}}]+)",
    re.IGNORECASE,
)
_HEADER = re.compile(
    r"(?P<name>authorization\\?[\"']?[ \t]*[:=][ \t]*\\?[\"']?(?:(?:bearer|basic|digest|token|negotiate)[ \t]+)?+)"
    r"(?!\*\*\*)[^\s\"'\\,;]+"
    r"|(?P<cookie>\b(?:set-)?cookie\\?[\"']?[ \t]*:[ \t]*\\?[\"']?)[^\r\n\"'\\]+",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"\b(?P<name>bearer|basic)[ \t]+(?=[^\s\d]*\d)[\w.~+/-]{16,}=*", re.IGNORECASE)
#: Of ``scheme://user:password@host`` the password, of ``scheme://token@host`` the token; ``git@`` is none.
_IN_URL = re.compile(r"(?<=://)(?:(?P<user>[^\s/:@\"'<>]{0,200}):[^\s/?#\"'<>]+|[^\s/:@\"'<>]{12,})@")
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?P<kind>[A-Z0-9 ]{0,40})PRIVATE KEY-----(?:[^-]|-(?!----)){0,16384}"
    r"(?:-----END (?P=kind)PRIVATE KEY-----|\Z)"
)
#: AWS, GitHub, GitLab, Slack, JSON Web Tokens.
_KNOWN_FORMS = re.compile(
    r"\b(?:(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{16}|gh[pousr]_\w{30,255}|github_pat_\w{30,255}|glpat-[\w-]{20,64}"
    r"|xox[abeprs]-[\w-]{10,255}|eyJ[\w-]{10,4096}\.eyJ[\w-]{10,8192}\.[\w-]{10,2048})(?![\w-])"
)


#: Fields that hold a name of ours and no text: an application's role may well be called ``token``.
NAMES = frozenset(
    [
        "application",
        "basis",
        "commit",
        "digest",
        "environment",
        "id",
        "log",
        "logs",
        "manifest",
        "number",
        "release",
        "report",
        "role",
        "roll_forward",
        "run",
        "service",
        "since",
        "suite",
        "until",
        "verdict",
        "versions",
    ]
)

Model = TypeVar("Model", bound=BaseModel)


def masked(text: str, secrets: Iterable[str] = ()) -> str:
    """The text with ``***`` in the place of each secret.

    :param secrets: values that must not be seen, whatever they look like; those of fewer than six
        characters do not count.
    """
    for secret in sorted({each for each in secrets if len(each) >= SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    text = _PRIVATE_KEY.sub(MASK, text)
    text = _HEADER.sub(lambda found: f"{found['name'] or found['cookie']}{MASK}", text)
    text = _SCHEME.sub(rf"\g<name> {MASK}", text)
    text = _IN_URL.sub(lambda found: f"{found['user']}:{MASK}@" if found["user"] is not None else f"{MASK}@", text)
    text = _ASSIGNED.sub(_without_value, text)
    return _KNOWN_FORMS.sub(MASK, text)


def masked_texts(model: Model, secrets: Iterable[str] = ()) -> Model:
    """A model whose texts are masked: all but those in fields of :data:`NAMES`."""
    known = list(secrets)
    return type(model).model_validate(_masked_in(model.model_dump(mode="json"), known))


def _masked_in(value: Any, secrets: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {name: item if name in NAMES else _masked_in(item, secrets) for name, item in value.items()}
    if isinstance(value, list):
        return [_masked_in(item, secrets) for item in value]
    return masked(value, secrets) if isinstance(value, str) else value


def _without_value(found: re.Match[str]) -> str:
    quote = found["quote"] or ""
    return f"{found['name']}{quote}{MASK}{quote}"
