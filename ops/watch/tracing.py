"""Traces for a collector, by OpenTelemetry's own settings from the environment; off without them.

Spans are told after their transaction is committed, and handed on in batches by a thread of their
own: what is told to nobody in time is dropped, and nothing of the hub waits for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import structlog

from stores.context import Context
from stores.traces import Span, Tell, Traces

if TYPE_CHECKING:  # they come with `mash-hub[traces]`, and who wants no traces loads none of them
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.sdk.trace.sampling import Sampler
    from opentelemetry.trace import SpanContext

SCHEMA = "https://opentelemetry.io/schemas/1.37.0"
"""Of OpenTelemetry's semantic conventions, whose names are used; those of messaging may change."""
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")

log = structlog.get_logger()


def wanted(environment: Mapping[str, str]) -> bool:
    """Whether the environment names a collector, and does not say that there are no traces."""
    off = environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
    by_otlp = environment.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp"
    return by_otlp and not off and any(environment.get(name) for name in _ENDPOINTS)


def begin(
    traces: Traces, *, process: str, to: Callable[[], SpanExporter] | None = None
) -> Callable[[], None]:
    """Tell spans from now on, of a process of the hub by its name; answers what hands on the rest
    and ends that.

    ``to`` makes where they go; without it they go by OTLP over HTTP, as the environment says.
    """
    try:
        traces.tell, shut_down = _begun(process, to)
    except ImportError:
        log.warning("traces.missing", part=process)
        return lambda: None

    def end() -> None:
        traces.tell = None
        shut_down()

    return end


def _begun(process: str, to: Callable[[], SpanExporter] | None) -> tuple[Tell, Callable[[], None]]:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    told = Resource({"service.name": "mash-hub"}).merge(OTELResourceDetector().detect())
    resource = told.merge(Resource({"mash.process": process}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    batches = BatchSpanProcessor((to or OTLPSpanExporter)())
    provider.add_span_processor(batches)
    return _telling(provider, batches.on_end), provider.shutdown


def _telling(provider: TracerProvider, hand_on: Callable[[ReadableSpan], None]) -> Tell:
    make, is_kept = _making(provider.resource), _keeping(provider.sampler)

    def tell(spans: Sequence[Span]) -> None:
        for one in spans:
            if is_kept(one.context.trace):
                hand_on(make(one))

    return tell


def _keeping(sampler: Sampler) -> Callable[[int], bool]:
    """Whether a trace is kept: every process answers alike, as it is decided by the trace's id."""
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON, DEFAULT_ON, Decision

    if sampler in (DEFAULT_ON, ALWAYS_ON):
        return lambda _: True
    return lambda trace: (
        sampler.should_sample(None, trace, "trace").decision is Decision.RECORD_AND_SAMPLE
    )


def _making(resource: Resource) -> Callable[[Span], ReadableSpan]:
    """Spans that are over already are made as such: a tracer would begin and end each anew."""
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags

    scope, sampled = InstrumentationScope("mash-hub", schema_url=SCHEMA), TraceFlags(1)
    kinds = {kind.name.lower(): kind for kind in SpanKind}

    def named(one: Context, *, here: bool = False) -> SpanContext:
        return SpanContext(one.trace, one.span, not here, sampled)

    def make(one: Span) -> ReadableSpan:
        return ReadableSpan(
            one.name,
            named(one.context, here=True),
            named(one.parent) if one.parent else None,
            resource,
            one.attributes,
            links=tuple(Link(named(link)) for link in one.links),
            kind=kinds[one.kind],
            start_time=one.began,
            end_time=one.ended,
            instrumentation_scope=scope,
        )

    return make
