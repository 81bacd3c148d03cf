"""What writes go through, on any document of the right types: nothing crashes, nothing given is changed, one spelling each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from refk8s.api import schema
from refk8s.api.admission import admit
from refk8s.api.default import DecodeError, default
from refk8s.api.default import read as read_document
from refk8s.api.registry import ROWS, STATUS
from refk8s.api.schema import Type
from refk8s.api.status import Rejected
from refk8s.api.strategy import as_read_back, prepare_create, prepare_status_update, prepare_update
from refk8s.api.validate import (
    validate_create,
    validate_status_update,
    validate_update,
    warnings_create,
    warnings_update,
)

Doc = dict[str, Any]

KINDS = tuple(row.kind for row in ROWS if not row.custom)
CLUSTER_SCOPED = frozenset(row.kind for row in ROWS if not row.namespaced)
WITH_STATUS = frozenset(row.kind for row in ROWS if STATUS in row.subresources)
TEXTS = (
    *(
        "",
        "a",
        "A_B",
        "-1",
        "0",
        "1Gi",
        "100m",
        "a.b/c",
        "..",
        "/abs",
        "None",
        "10.0.0.1",
        "010.0.0.1",
        "fd00::/8",
        "é",
    ),
    *("Always", "Never", "Exists", "In", "NoExecute", "50%", "http", "ClientIP", "RollingUpdate", "localhost/x"),
)
NUMBERS = (0, 1, -1, 2, 80, 2**31 - 1, -(2**31))
SCALARS: dict[str, tuple[Any, ...]] = {
    "string": TEXTS,
    "bool": (True, False),
    "int32": NUMBERS,
    "int64": (*NUMBERS, 2**63 - 1),
    "float64": (1, 1.5),
    "bytes": ("", "YQ==", "e30="),
    "Time": ("2020-01-01T00:00:00Z", None),
    "MicroTime": ("2020-01-01T00:00:00.000000Z", None),
    "Duration": ("1s",),
    "Quantity": ("1", "0", "-1", "1Gi", "1.5", "100m", "1e30", 5),
    "IntOrString": (*NUMBERS, "http", "50%", ""),
}


class Nothing:
    """A cluster without other objects."""

    def get(self, kind: str, namespace: str, name: str) -> Doc | None:
        return None

    def list(self, kind: str) -> Iterable[Doc]:
        return ()


def value(of: Type, rng: Random, depth: int) -> Any:
    """A value of a type; the deeper, the less there is of it."""
    if of.form == "scalar":
        return rng.choice(SCALARS[of.scalar])
    if of.form == "list":
        assert of.element is not None
        return [value(of.element, rng, depth + 1) for _ in range(rng.randrange(3))]
    if of.form == "map":
        assert of.element is not None
        return {rng.choice(TEXTS): value(of.element, rng, depth + 1) for _ in range(rng.randrange(3))}
    if of.form == "untyped":
        return {}
    share = 0.6 if depth < 2 else 0.4 if depth < 5 else 0.15
    return {name: value(field.type, rng, depth + 1) for name, field in of.fields.items() if rng.random() < share}


def document(kind: str, rng: Random) -> Doc:
    doc: Doc = value(schema.of_kind(kind), rng, 0)
    metadata = {**(doc.get("metadata") or {}), "name": "x", "resourceVersion": "1"}
    if kind not in CLUSTER_SCOPED:
        metadata["namespace"] = "ns"
    return {**doc, "metadata": metadata}


def untouched(function: Callable[..., Any], *args: Any) -> Any:
    """What the function returns; it must have left its arguments as they were."""
    before = [orjson.dumps(arg) for arg in args if isinstance(arg, dict)]
    result = function(*args)
    assert [orjson.dumps(arg) for arg in args if isinstance(arg, dict)] == before
    return result


# A seed per document, not a draw per field: documents are large, and hypothesis would spend its time on them.
seeds = st.integers(min_value=0, max_value=2**32)


def read(kind: str, seed: int) -> Doc | None:
    """A document as the API server decodes it; None if it cannot."""
    try:
        doc: Doc = untouched(default, kind, document(kind, Random(seed)))
    except DecodeError:
        return None
    return doc


@given(st.sampled_from(KINDS), seeds)
def test_defaulting_twice_is_defaulting_once(kind: str, seed: int) -> None:
    doc = read(kind, seed)
    if doc is not None:
        assert default(kind, doc) == doc


@given(st.sampled_from(KINDS), seeds, seeds)
def test_reading_shares_parts_of_what_was_read_before_and_gives_the_same(kind: str, seed: int, other: int) -> None:
    stored, rng = read(kind, seed), Random(other)
    if stored is None:
        return
    sent = mixed(stored, document(kind, Random(other)), rng)

    def outcome(since: Doc | None) -> Any:
        try:
            found = read_document(kind, sent, since)
        except DecodeError as error:
            return str(error)
        return orjson.dumps(found.doc), found.unknown

    assert outcome(stored) == outcome(None)


def mixed(old: Any, new: Any, rng: Random) -> Any:
    """Some parts of the one document, the same objects, and some of the other."""
    if rng.random() < 0.4 or not (isinstance(old, dict) and isinstance(new, dict)):
        return old if rng.random() < 0.5 else new
    keys = sorted(old.keys() | new.keys())
    pairs = {key: (old.get(key, new.get(key)), new.get(key, old.get(key))) for key in keys if rng.random() < 0.8}
    return {key: mixed(*pair, rng) for key, pair in pairs.items()}


@settings(max_examples=1000)
@given(st.sampled_from(KINDS), seeds, seeds)
def test_any_write_is_accepted_or_refused(kind: str, seed: int, other: int) -> None:
    old, new = read(kind, seed), read(kind, other)
    if old is None or new is None:
        return
    try:
        old = untouched(admit, kind, "CREATE", old, Nothing())
        new = untouched(admit, kind, "UPDATE", new, Nothing(), old)
    except Rejected:
        return
    old = untouched(as_read_back, kind, untouched(prepare_create, kind, old))
    assert default(kind, old) == old
    errors = [*untouched(validate_create, kind, old), *untouched(validate_update, kind, new, old)]
    changed = untouched(prepare_update, kind, new, old)
    errors += untouched(validate_update, kind, changed, old)
    untouched(warnings_create, kind, old)
    untouched(warnings_update, kind, changed, old)
    if kind in WITH_STATUS:
        changed = untouched(prepare_status_update, kind, new, old)
        errors += untouched(validate_status_update, kind, changed, old)
    assert all(": " in str(error) for error in errors)


@given(st.sampled_from(KINDS), seeds)
def test_update_that_changes_nothing_is_no_change(kind: str, seed: int) -> None:
    doc = read(kind, seed)
    if doc is None:
        return
    stored = prepare_create(kind, doc)
    again = prepare_update(kind, stored, stored)
    assert prepare_update(kind, again, again) == again
    if kind not in ("Namespace", "Service", "ServiceAccount"):
        assert again == stored
