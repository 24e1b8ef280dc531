"""No secret in a log, and no trace without an endpoint."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
from opentelemetry.sdk.trace.sampling import Decision

import telemetry

SECRET = "s3cr3t-of-the-build-duty"


def _logged(record: logging.LogRecord) -> str:
    assert telemetry.Redaction([SECRET, "", "abc"]).filter(record)
    return logging.Formatter().format(record)


def _record(message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error else None
    return logging.LogRecord("onward", logging.ERROR, __file__, 1, message, arguments, info)


def test_a_secret_is_in_no_message_no_argument_and_no_traceback() -> None:
    try:
        raise ValueError(f"signature with {SECRET}")
    except ValueError as error:
        text = _logged(_record(f"{SECRET} and %s", {"key": SECRET}, error=error))

    assert SECRET not in text
    assert text.count("***") >= 3
    assert "Traceback" in text


def test_what_is_no_secret_stays_as_it_is() -> None:
    assert _logged(_record("abc %d %%", 5)) == "abc 5 %"


def test_nothing_is_sent_without_an_endpoint() -> None:
    assert telemetry.plugins("", "onward-cli") == []


def test_what_the_sdk_logs_is_not_in_the_document_on_stdout() -> None:
    program = """
import asyncio, telemetry
from temporalio.client import Client
runtime = telemetry.runtime(level="TRACE")
try:
    asyncio.run(Client.connect("127.0.0.1:1", runtime=runtime))
except RuntimeError:
    pass
import time; time.sleep(0.5)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == ""


@pytest.mark.parametrize("query", ["QueryWorkflow:progress", "HandleQuery:progress"])
def test_a_query_is_in_no_trace_and_all_else_is(query: str) -> None:
    sampler = telemetry._sampler()

    assert sampler.should_sample(None, 1, query).decision is Decision.DROP
    assert sampler.should_sample(None, 1, "RunActivity:deploy").decision is Decision.RECORD_AND_SAMPLE
