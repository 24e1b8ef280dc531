"""On-call is told once of an event, by each channel that the event is for, whatever fails in between."""

from __future__ import annotations

import json
import threading

import pytest
from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.tell import TellActivities
from domain.channels import Channel, Channels
from domain.errors import Conflict, OnwardError, Unreachable
from domain.keys import notice_key
from domain.notice import Event, Notice, Severity, Told
from domain.notifier import Undelivered
from tests.fakes.engines import MemoryNotifier
from tests.fakes.stores import MemoryObjectStore

ONE, TWO, BOSS = (
    "json://hooks.test/very-secret-token",
    "slack://very-secret-token/b/c",
    "mailto://boss:very-secret@x.test",
)
CHANNELS = Channels(channels=(Channel(urls=(SecretStr(ONE), SecretStr(TWO)), escalation=(SecretStr(BOSS),)),))
NOTICE = Notice(
    id="roll-forward:shop-cart/run/opened",
    application="shop",
    role="cart",
    event=Event.OPENED,
    severity=Severity.CRITICAL,
    title="shop-cart failed in prod",
    body="verify prod: no answer",
)


class FlakyStore(MemoryObjectStore):
    """A store whose next writes fail with what stands in ``faults``."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[OnwardError] = []
        self.written = threading.Event()

    def replace(self, key: str, content: bytes, etag: str | None) -> None:
        if self.faults:
            raise self.faults.pop()
        super().replace(key, content, etag)
        self.written.set()


class Telling:
    """The activity with its parts open."""

    def __init__(self) -> None:
        self.store, self.notifier = FlakyStore(), MemoryNotifier()

    def tell(self, notice: Notice = NOTICE, channels: Channels = CHANNELS) -> Told:
        return ActivityEnvironment().run(TellActivities(self.store, self.notifier, channels).tell, notice)

    @property
    def told(self) -> list[str]:
        return sorted(url for url, _ in self.notifier.taken)


@pytest.fixture
def telling() -> Telling:
    return Telling()


def test_each_channel_is_told_once_however_often_it_is_asked(telling: Telling) -> None:
    assert telling.tell() == telling.tell() == Told(delivered=2)
    assert telling.told == sorted([ONE, TWO])


def test_another_event_is_told_again(telling: Telling) -> None:
    telling.tell()
    telling.tell(NOTICE.model_copy(update={"id": "another"}))

    assert telling.told == sorted([ONE, ONE, TWO, TWO])


def test_after_one_channel_failed_a_second_attempt_tells_that_one_alone(telling: Telling) -> None:
    telling.notifier.failing = {TWO: Undelivered("status 500")}
    with pytest.raises(Unreachable, match="channel at slack does not answer: status 500"):
        telling.tell()
    assert telling.told == [ONE]

    telling.notifier.failing = {}
    assert telling.tell() == telling.tell() == Told(delivered=2)
    assert telling.told == sorted([ONE, TWO])


def test_a_channel_that_can_never_take_it_holds_nothing_up(telling: Telling) -> None:
    telling.notifier.failing = {TWO: Undelivered("status 404", final=True)}

    assert telling.tell() == Told(delivered=1, failed=("slack: status 404",))


def test_of_an_escalated_notice_the_second_list_hears_too(telling: Telling) -> None:
    assert telling.tell(NOTICE.model_copy(update={"escalated": True})) == Told(delivered=3)
    assert telling.told == sorted([BOSS, ONE, TWO])


def test_without_channels_nobody_is_told(telling: Telling) -> None:
    assert telling.tell(channels=Channels()) == Told(delivered=0)
    assert telling.store.writes == []


def test_a_crash_after_some_deliveries_is_taken_up_where_it_was(telling: Telling) -> None:
    """The process dies while the second channel is told: the first one's record is there by then."""

    class Dying(MemoryNotifier):
        def send(self, url: SecretStr, notice: Notice) -> Undelivered | None:
            if url.get_secret_value() == TWO:
                telling.store.written.wait(5)
                raise SystemError("the process died")
            return super().send(url, notice)

    healthy, telling.notifier = telling.notifier, Dying()
    with pytest.raises(SystemError):
        telling.tell()
    assert telling.told == [ONE]

    telling.notifier = healthy
    assert telling.tell() == Told(delivered=2)
    assert telling.told == [TWO]


def test_a_lost_compare_and_swap_is_made_again(telling: Telling) -> None:
    one = Channels(channels=(Channel(urls=(SecretStr(ONE),)),))
    telling.store.faults = [Conflict("written by another attempt")]

    assert telling.tell(channels=one) == telling.tell(channels=one) == Told(delivered=1)
    assert telling.told == [ONE]


def test_a_record_that_could_not_be_written_is_written_with_the_next_one(telling: Telling) -> None:
    telling.store.faults = [Unreachable("S3", "s3.test", "refused")]
    telling.tell()
    telling.tell()

    assert telling.told == sorted([ONE, TWO])


def test_when_no_record_can_be_written_the_attempt_fails_and_all_have_been_told(telling: Telling) -> None:
    telling.store.faults = [Unreachable("S3", "s3.test", "refused") for _ in range(9)]
    with pytest.raises(Unreachable, match="S3"):
        telling.tell()

    assert telling.told == sorted([ONE, TWO])


def test_no_part_of_a_url_is_in_an_error_in_the_log_or_in_the_record(
    telling: Telling, caplog: pytest.LogCaptureFixture
) -> None:
    telling.notifier.failing = {ONE: Undelivered("status 500"), BOSS: Undelivered("status 404", final=True)}
    with pytest.raises(Unreachable) as caught:
        telling.tell(NOTICE.model_copy(update={"escalated": True}))

    kept = telling.store.objects[notice_key(NOTICE.id)].decode()
    assert len(json.loads(kept)["taken"]) == 1
    assert "json://hooks.test" in str(caught.value)
    assert "secret" not in f"{caught.value!r} {caught.value} {caplog.text} {kept}"
    assert "mailto://x.test did not take roll-forward:shop-cart/run/opened: status 404" in caplog.text
