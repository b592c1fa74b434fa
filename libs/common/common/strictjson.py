"""JSON as RFC 8259 and I-JSON (RFC 7493) have it: one meaning per document, no control characters in text."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from common.errors import Invalid

MAX_DEPTH = 64
MAX_VALUES = 10_000  # no request of ours has that many; to find fault with each takes longer than to refuse them
# Tab, line feed and carriage return are text; other C0, DEL and lone surrogates are not.
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def parse(body: bytes) -> Any:
    """Parse a request body.

    Raises:
        Invalid: not UTF-8, not JSON, a repeated name, NaN or infinity, too deep, too many values, text we refuse.
    """
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        raise Invalid.at("body", type="json_invalid", msg="The body is not acceptable JSON") from error
    _check(value)
    return value


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, for `object_pairs_hook`. Raises ValueError when it has a name twice (RFC 7493 §2.3)."""
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("repeated member")
    return value


def _refuse_constant(_name: str) -> NoReturn:
    raise ValueError("not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _check(document: Any) -> None:
    for number, (loc, value) in enumerate(_walk(document, ("body",))):
        if number == MAX_VALUES:
            raise Invalid.at("body", type="too_many", msg=f"The body has more than {MAX_VALUES} values")
        if isinstance(value, str) and FORBIDDEN.search(value):
            raise Invalid.at(*loc, type="control_character", msg="Control characters are not text")


def _walk(value: Any, loc: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value and every name of a member, with its place."""
    if len(loc) > MAX_DEPTH:
        raise Invalid.at("body", type="too_deep", msg=f"The body is nested deeper than {MAX_DEPTH} levels")
    yield loc, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield loc, name
        yield from _walk(item, (*loc, name))
