"""Tell on-call of a roll-forward: each channel once, however often it is tried."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor, as_completed

from pydantic import SecretStr
from temporalio import activity

from activities.heartbeat import Heartbeat
from domain.channels import Channels, NoticeRecord, fingerprint, shown
from domain.errors import Conflict, OnwardError, Unreachable
from domain.keys import notice_key
from domain.notice import Notice, Told
from domain.notifier import Notifier, Undelivered
from domain.storage import ObjectStore

log = logging.getLogger("onward.tell")

#: Channels told at the same time: one that never answers does not hold up the others.
AT_ONCE = 16

#: Attempts of one notice that may write its record at the same time.
RIVALS = 8


class TellActivities:
    """Delivers notices, and remembers in S3 who took which."""

    def __init__(self, store: ObjectStore, notifier: Notifier, channels: Channels) -> None:
        self._store = store
        self._notifier = notifier
        self._channels = channels

    @activity.defn(no_thread_cancel_exception=True)
    def tell(self, notice: Notice) -> Told:
        """Tell every channel that the notice is for and that has not taken it yet.

        Each delivery is recorded as soon as it is done, so that a second call tells only the others.
        A channel is told twice only if this process dies, or S3 does, between a delivery and its
        record, or if a channel takes a notice and its answer is lost. Takes seconds, with a dead
        channel ten; a cancel does not cut a delivery short.

        :raises Unreachable: channels that may take it later; all others have been told.
        """
        with Heartbeat():
            addressed = self._channels.addressed(notice)
            taken = set(self._read(notice.id)[0].taken)
            left = [url for url in addressed if fingerprint(url, notice.id) not in taken]
            failed = self._deliver(notice, left)
        for url, undelivered in failed.items():
            log.warning("%s did not take %s: %s", shown(url), notice.id, undelivered.reason)
        passing = {shown(url): undelivered.reason for url, undelivered in failed.items() if not undelivered.final}
        if passing:
            raise Unreachable("channel", ", ".join(sorted(passing)), ", ".join(sorted(set(passing.values()))))
        names = tuple(sorted(f"{shown(url)}: {undelivered.reason}" for url, undelivered in failed.items()))
        return Told(delivered=len(addressed) - len(failed), failed=names)

    def _deliver(self, notice: Notice, urls: list[SecretStr]) -> dict[SecretStr, Undelivered]:
        """Tell some channels at the same time; those that did not take it, and why."""
        failed: dict[SecretStr, Undelivered] = {}
        done: set[str] = set()
        unwritten = False
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sending = {pool.submit(self._notifier.send, url, notice): url for url in urls}
            for sent in as_completed(sending):
                url, undelivered = sending[sent], sent.result()
                if undelivered:
                    failed[url] = undelivered
                    continue
                done.add(fingerprint(url, notice.id))
                try:
                    self._record(notice.id, done)
                    unwritten = False
                except OnwardError:  # the next one writes all so far; the last word is below
                    unwritten = True
        if unwritten:
            self._record(notice.id, done)
        return failed

    def _record(self, notice: str, done: set[str]) -> None:
        """Add to the record by compare-and-swap, however many attempts of the notice write at once."""
        for _ in range(RIVALS):
            there, etag = self._read(notice)
            following = there.model_copy(update={"taken": there.taken | done})
            try:
                return self._store.replace(notice_key(notice), following.model_dump_json().encode(), etag)
            except Conflict:
                continue
        raise Conflict(f"the record of {notice} is written by many at once")

    def _read(self, notice: str) -> tuple[NoticeRecord, str | None]:
        found = self._store.read(notice_key(notice))
        return (NoticeRecord.model_validate_json(found.content), found.etag) if found else (NoticeRecord(), None)
