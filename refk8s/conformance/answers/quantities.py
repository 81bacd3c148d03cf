"""Quantities: text, JSON, order, sums."""

import json
from collections.abc import Callable
from typing import Any

from refk8s.kinds.quantity import Quantity, QuantityError, parse, parse_token

__all__ = ["ANSWERS"]


def parsed(text: str) -> Any:
    try:
        return _shape(parse(text))
    except QuantityError as error:
        return {"error": str(error)}


def from_token(token: str) -> Any:
    try:
        quantity = parse_token(token)
    except QuantityError as error:
        return {"error": str(error)}
    return {**_shape(quantity), "json": json.dumps(quantity.canonical())}


def compared(pair: list[str]) -> Any:
    a, b = map(parse, pair)
    return a.compare(b)


def added(pair: list[str]) -> Any:
    a, b = map(parse, pair)
    return {"sum": (a + b).canonical(), "difference": (a - b).canonical()}


def _shape(quantity: Quantity) -> dict[str, Any]:
    return {
        "canonical": quantity.canonical(),
        "value": quantity.value(),
        "milliValue": quantity.milli_value(),
        "format": quantity.format,
        "sign": quantity.sign(),
    }


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "quantity-parse": parsed,
    "quantity-json": from_token,
    "quantity-compare": compared,
    "quantity-add": added,
}
