"""JSON as RFC 8259 and I-JSON (RFC 7493) have it: one meaning per document, no control characters in text."""

import json
import math
import re
from typing import Any, NoReturn

from common.errors import Invalid

MAX_DEPTH = 64
# Tab, line feed and carriage return are text; other C0, DEL and lone surrogates are not.
FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def parse(body: bytes) -> Any:
    """Parse a request body.

    Raises:
        Invalid: not UTF-8, not JSON, a repeated member name, NaN or infinity, too deep, or text we refuse.
    """
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        raise Invalid.at("body", type="json_invalid", msg="The body is not acceptable JSON") from error
    _check_text(value, ("body",))
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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


def _check_text(value: Any, loc: tuple[str | int, ...]) -> None:
    if len(loc) > MAX_DEPTH:
        raise Invalid.at("body", type="too_deep", msg=f"The body is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        if FORBIDDEN.search(value):
            raise Invalid.at(*loc, type="control_character", msg="Control characters are not text")
    elif isinstance(value, dict):
        for name, item in value.items():
            _check_text(name, loc)
            _check_text(item, (*loc, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_text(item, (*loc, index))
