"""Traces over OTLP, metrics for Prometheus, logs; nothing is sent and nothing listens by default."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from temporalio.client import Plugin
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)

from domain.masking import masked

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.sampling import Sampler

#: How the Temporal plugin names the spans of a query, at the asking and at the answering end.
QUERIES = ("QueryWorkflow:", "HandleQuery:")


def plugins(otlp_endpoint: str, service: str) -> list[Plugin]:
    """What a Temporal client needs so that a release is one trace from the CLI to its activities.

    :param otlp_endpoint: ``http://host:4317`` of an OTLP/gRPC collector; empty for none.
    :param service: ``service.name`` of the spans: ``onward-cli``, ``onward-worker-<duty>``.
    """
    if not otlp_endpoint:
        return []
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from temporalio.contrib.opentelemetry import OpenTelemetryPlugin, create_tracer_provider

    provider = create_tracer_provider(sampler=_sampler(), resource=Resource.create({"service.name": service}))
    exporter = OTLPSpanExporter(endpoint=otlp_endpoint, insecure=otlp_endpoint.startswith("http://"))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return [OpenTelemetryPlugin(add_temporal_spans=True)]


def _sampler() -> Sampler:
    """Everything but queries: a release that is watched is asked twice a second how far it is."""
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler, SamplingResult

    class WithoutQueries(Sampler):
        def should_sample(
            self, parent_context: Context | None, trace_id: int, name: str, *rest: Any, **named: Any
        ) -> SamplingResult:
            decided = ALWAYS_OFF if name.startswith(QUERIES) else ALWAYS_ON
            return decided.should_sample(parent_context, trace_id, name, *rest, **named)

        def get_description(self) -> str:
            return "all but queries"

    return WithoutQueries()


def flush() -> None:
    """Send what is still kept; called before a process ends without running exit handlers."""
    from opentelemetry import trace

    force_flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if force_flush is not None:
        force_flush(timeout_millis=2000)


def runtime(*, metrics_address: str = "", level: str = "WARN") -> Runtime:
    """A Temporal runtime whose own log lines go where all others go: by themselves they are
    written to stdout, into the middle of a JSON document.

    :param metrics_address: serve the SDK's metrics at ``http://<address>/metrics``; empty for not at all.
    :param level: the least level that is logged. ``ERROR`` leaves out calls that are tried again.
    """
    metrics = None
    if metrics_address:
        metrics = PrometheusConfig(bind_address=metrics_address, counters_total_suffix=True, durations_as_seconds=True)
    forwarding = LogForwardingConfig(logging.getLogger("temporalio"), append_target_to_name=False)
    shown = LoggingConfig(TelemetryFilter(core_level=level, other_level="ERROR"), forwarding=forwarding)
    return Runtime(telemetry=TelemetryConfig(logging=shown, metrics=metrics))


class Redaction(logging.Filter):
    """Masks secrets in every log record, also in its error text: those given, and what looks like one."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = list(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass, without the secrets."""
        text = record.getMessage()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.msg, record.args = masked(text, self._secrets), ()
        record.exc_text = masked(record.exc_text, self._secrets) if record.exc_text else record.exc_text
        return True
