"""What a service counts for Prometheus, where it happens. Labels name routes, systems and outcomes, never people."""

from collections.abc import Iterable

from prometheus_client import Counter, Histogram, disable_created_metrics

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
AGES = (0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0, 86400.0)

disable_created_metrics()  # type: ignore[no-untyped-call] # a series beside each of ours that nobody looks at

requests = Counter("quill_requests", "Requests; status 0: the caller left", ("method", "route", "status"))
request_seconds = Histogram("quill_request_seconds", "How long requests took", ("method", "route"), buckets=SECONDS)
backend_seconds = Histogram("quill_backend_call_seconds", "Calls to systems", ("backend", "outcome"), buckets=SECONDS)
operations = Counter("quill_operations", "Tries to carry a write through", ("kind", "outcome"))
event_age = Histogram("quill_event_age_seconds", "Age of consumed events", ("durable", "outcome"), buckets=AGES)


def begin(family: Counter | Histogram, *labels: str, outcomes: Iterable[str | int]) -> None:
    """Tell of outcomes that there was none: where a series begins with the first one, nothing has increased.

    Args:
        family: its last label is the outcome.
        labels: the values of the others.
        outcomes: those that somebody is to be told of.
    """
    for outcome in outcomes:
        family.labels(*labels, outcome)
