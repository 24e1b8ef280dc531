"""Channels: who is told of what, and a file's faults without a word of its secrets."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from domain.channels import Channels, fingerprint, shown
from domain.channels_file import parse_channels
from domain.errors import InvalidInput
from domain.notice import Event, Notice, Severity

FILE = """\
channels:
  - application: shop
    severity: [critical]
    urls: ["slack://on-call", "mailto://all"]
    escalation: ["slack://boss"]
  - urls: ["mailto://all"]
    escalation: ["slack://boss", "slack://director"]
"""

#: Whatever stands in a file where it should not.
SECRET = "xoxb-1234-very-secret"


def notice(*, application: str = "shop", severity: Severity = Severity.CRITICAL, escalated: bool = False) -> Notice:
    return Notice(
        id="roll-forward:shop-cart/1/opened",
        application=application,
        role="cart",
        event=Event.OPENED,
        severity=severity,
        escalated=escalated,
        title="shop-cart failed",
        body="verify prod: no answer",
    )


def parsed(text: str) -> Channels:
    return parse_channels(text, "channels.yaml", lambda url: "://" in url.get_secret_value())


def addressed(**what: object) -> list[str]:
    return [url.get_secret_value() for url in parsed(FILE).addressed(notice(**what))]  # type: ignore[arg-type]


def test_each_url_that_is_concerned_is_told_once() -> None:
    assert addressed() == ["slack://on-call", "mailto://all"]


def test_another_application_and_another_severity_reach_only_the_channels_for_all() -> None:
    assert addressed(application="bank") == ["mailto://all"]
    assert addressed(severity=Severity.WARNING) == ["mailto://all"]


def test_an_escalated_notice_is_told_to_the_second_list_as_well() -> None:
    assert addressed(escalated=True) == ["slack://on-call", "mailto://all", "slack://boss", "slack://director"]


def test_without_channels_nobody_is_told() -> None:
    assert Channels().addressed(notice()) == ()
    assert parsed("channels: []\n").addressed(notice()) == ()


FAULTS = {
    "channel: []": "1: an unknown key; expected one of channels",
    "channels: {urls: []}": "1: channels: something else; expected a list of channels",
    "channels:\n  - severity: [critical]": "2: channels.0.urls: missing key; expected a list of Apprise URLs",
    "channels:\n  - urls: []": "2: channels.0.urls: something else; expected a list of Apprise URLs",
    "channels:\n  - urls: ['a://b']\n    severity: [fatal]": "3: channels.0.severity.0: something else; expected",
    "channels:\n  - urls: ['a://b']\n    application: My-Shop": "3: channels.0.application: something else; expected",
    "channels:\n  - urls: ['a://b']\n    severty: [critical]": "3: channels.0: an unknown key; expected one of",
    "channels:\n  - urls: ['a://b']\n    escalation: [b]": "3: channels.0.escalation.0: not an Apprise URL",
    "channels:\n  - urls: ['a://b']\n    urls: ['a://b']": "3: channels.0.urls: duplicate key; expected each key once",
}


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_said_with_file_line_key_and_what_was_expected(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(text)

    assert f"channels.yaml:{FAULTS[text]}" in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET}: 1",
        SECRET,
        f"channels: [{SECRET}]",
        f"channels: [{{urls: ['{SECRET}']}}]",
        f"channels: [{{urls: {SECRET}}}]",
        f"channels: [{{urls: {{'{SECRET}': 1}}}}]",
        f"channels: [{{'{SECRET}': 1, urls: ['a://b']}}]",
        f"channels: [{{urls: ['a://b'], application: '{SECRET}'}}]",
        f"channels: [{{urls: ['a://b'], severity: ['{SECRET}']}}]",
        f"channels: [{{urls: [*{SECRET}]}}]",
        f"channels: [{{urls: [!{SECRET} x]}}]",
        f"channels: [{{urls: [!{SECRET}!x x]}}]",
        f"channels: [{{'{SECRET}': 1, '{SECRET}': 2}}]",
        f"channels: ['{SECRET}': 1: 2]",
    ],
)
def test_no_fault_shows_what_stands_in_the_file(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(text)

    assert "channels.yaml:1: " in str(caught.value)
    assert SECRET not in f"{caught.value!r} {caught.value}"
    assert caught.value.__cause__ is None


def test_channels_do_not_show_their_urls() -> None:
    channels = parsed(f'channels: [{{urls: ["slack://{SECRET}"]}}]')

    assert SECRET not in f"{channels!r} {channels} {channels.model_dump_json()}"
    assert channels.secrets == {f"slack://{SECRET}"}


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("json://user:word@hooks.test:8080/secret?token=1", "json://hooks.test"),
        ("mailto://user:word@example.test", "mailto://example.test"),
        ("slack://tokena/tokenb/tokenc", "slack"),
        ("tgram://123456:token/chat", "tgram"),
        ("mailto://user:w@rd/x@example.test", "mailto"),
        ("json://[broken", "json"),
    ],
)
def test_a_channel_is_named_by_its_scheme_and_by_a_host_that_is_no_secret(url: str, name: str) -> None:
    assert shown(SecretStr(url)) == name


def test_a_fingerprint_is_of_one_url_and_one_notice() -> None:
    one = fingerprint(SecretStr("slack://a"), "notice")

    assert one == fingerprint(SecretStr("slack://a"), "notice")
    assert len({one, fingerprint(SecretStr("slack://b"), "notice"), fingerprint(SecretStr("slack://a"), "other")}) == 3
