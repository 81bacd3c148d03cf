"""Decoding and defaulting: what the API server makes of a document before anything else looks at it.

Pure functions: the argument is never changed, unchanged parts are shared, and a document that is already complete is
returned itself. One row of the table per kind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from refk8s.api import schema
from refk8s.api.default.decode import Decoded, DecodeError
from refk8s.api.default.decode import decode as _decode
from refk8s.api.default.objects import default_namespace, default_node, default_priority_class, default_secret
from refk8s.api.default.pod import default_pod
from refk8s.api.default.service import default_service
from refk8s.api.default.sharing import Doc
from refk8s.api.default.workload import default_deployment, default_replica_set

__all__ = ["DecodeError", "Decoded", "complete", "default", "read"]


def _as_it_is(doc: Doc) -> Doc:
    return doc


_DEFAULTS: dict[str, Callable[[Doc], Doc]] = {
    "Pod": default_pod,
    "Node": default_node,
    "Namespace": default_namespace,
    "ReplicaSet": default_replica_set,
    "Deployment": default_deployment,
    "Secret": default_secret,
    "Service": default_service,
    "PriorityClass": default_priority_class,
    **dict.fromkeys(("ConfigMap", "ServiceAccount", "Lease", "Event"), _as_it_is),
}


def default(kind: str, doc: Any) -> Doc:
    """Return the document as the API server holds it: typed, defaulted, in canonical JSON.

    Raises DecodeError if the document does not fit the kind, KeyError if the kind is not served.
    """
    return read(kind, doc).doc


def read(kind: str, doc: Any, since: Doc | None = None) -> Decoded:
    """As `default`, with the paths of the fields that the kind does not have (they are dropped).

    `since`: a stored document of the kind; parts that are its very objects have been read before.
    """
    decoded = _decode(schema.of_kind(kind), doc, since)
    return Decoded(complete(kind, decoded.doc), decoded.unknown)


def complete(kind: str, doc: Doc) -> Doc:
    """A decoded document with the defaults of its kind."""
    if kind not in _DEFAULTS:
        from refk8s.api.default.further import DEFAULTS

        _DEFAULTS.update(DEFAULTS)
        _DEFAULTS.setdefault(kind, _as_it_is)
    return _DEFAULTS[kind](doc)
