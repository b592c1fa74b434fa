"""The measurements, one module each, in the order of the table."""

from speed.rows import (
    account,
    broker,
    demographics,
    footprint,
    generator,
    letters_list,
    letters_write,
    push_latency,
    push_rate,
    replicas,
    search,
    sign_in,
)
from speed.rows.shape import Measurement

MEASUREMENTS: tuple[Measurement, ...] = (
    generator.MEASUREMENT,
    demographics.MEASUREMENT,
    account.MEASUREMENT,
    letters_write.MEASUREMENT,
    letters_list.MEASUREMENT,
    search.MEASUREMENT,
    push_latency.MEASUREMENT,
    push_rate.MEASUREMENT,
    broker.MEASUREMENT,
    sign_in.MEASUREMENT,
    replicas.MEASUREMENT,
    footprint.MEASUREMENT,
)
