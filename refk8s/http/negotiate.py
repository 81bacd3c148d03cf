"""What a client wants to get and what it sends: media types, compression, bodies.

Source: apiserver/pkg/endpoints/handlers/negotiation/negotiate.go; endpoints/handlers/responsewriters/writers.go; server/options (MaxRequestBodyBytes).
"""

from __future__ import annotations

import gzip
from functools import lru_cache
from typing import Any, Final

import orjson
import yaml

from ..api.status import ApiError

JSON: Final = "application/json"
YAML: Final = "application/yaml"
PROTOBUF: Final = "application/vnd.kubernetes.protobuf"
# DEVIATES: no answer is written as protobuf or CBOR, because clients that prefer these take JSON as well.
SERVED: Final = (JSON, YAML)

MAX_BODY_BYTES: Final = 3 * 1024 * 1024
# DEVIATES: JSON may be nested 200 deep (upstream: 10,000), because no object of the API comes near that, and trees are walked recursively here.
MAX_DEPTH: Final = 200

GZIP_FROM_BYTES: Final = 128 * 1024
_LISTED: Final = "application/json, application/yaml"


@lru_cache(maxsize=1024)
def answer_type(accept: str) -> str:
    """The media type of the answer to a request with this Accept header; "" if none of those wanted is served.

    Parameters (as=Table …) are for who makes the body. The first that is served counts, as with upstream's, which looks at no quality but the order.
    """
    if not accept:
        return JSON
    wanted: list[tuple[float, int, str]] = []
    for clause in accept.split(","):
        kind, *parameters = (part.strip() for part in clause.split(";"))
        quality = next((_quality(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        wanted.append((-quality, len(wanted), kind.lower()))
    for _, _, kind in sorted(wanted):
        if kind in ("*/*", "application/*", JSON):
            return JSON
        if kind in (YAML, "application/x-yaml", "text/yaml"):
            return YAML
    return ""


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0


def not_acceptable() -> ApiError:
    """406: nothing that the client takes is served."""
    return ApiError(406, "NotAcceptable", f"only the following media types are accepted: {_LISTED}", {})


def unsupported_body() -> ApiError:
    """415: a body in a format that is not read."""
    text = f"the body of the request was in an unknown format - accepted media types include: {_LISTED}"
    return ApiError(415, "UnsupportedMediaType", text, {})


def too_large() -> ApiError:
    """413: the body is larger than upstream's limit."""
    text = f"Request entity too large: limit is {MAX_BODY_BYTES}"
    return ApiError(413, "RequestEntityTooLarge", text, {})


def too_deep() -> ApiError:
    """400: the body is nested too deep."""
    return ApiError(400, "BadRequest", "json: exceeded max depth")


def nested_too_deep(body: bytes) -> bool:
    """Whether brackets are open in a body (of JSON or YAML in flow style) more than MAX_DEPTH deep at any place."""
    if body.count(b"[") + body.count(b"{") <= MAX_DEPTH:
        return False
    depth, quoted, escaped = 0, False, False
    for byte in body:
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = byte == 0x5C, byte != 0x22
        elif byte == 0x22:
            quoted = True
        elif byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif byte in b"]}":
            depth -= 1
    return False


def encode(body: Any, kind: str = JSON, *, pretty: bool = False) -> bytes:
    """A body as bytes. Text is as it is."""
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if kind == YAML:
        return yaml.safe_dump(body, allow_unicode=True).encode()
    options = orjson.OPT_APPEND_NEWLINE | (orjson.OPT_INDENT_2 if pretty else 0)
    return orjson.dumps(body, option=options)


def compressed(body: bytes, accept_encoding: str) -> bytes | None:
    """The body compressed, if it is large and the client takes that."""
    if len(body) < GZIP_FROM_BYTES or "gzip" not in accept_encoding:
        return None
    return gzip.compress(body, 1)
