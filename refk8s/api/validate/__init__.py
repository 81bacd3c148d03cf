"""Validation: whether a document may be stored, and in upstream's words why not.

Pure functions on canonical documents (`refk8s.api.default`), after the registry's preparation (`refk8s.api.strategy`).
The order of the errors is upstream's. One module per kind, one row of the table here.

DEVIATES: where upstream walks a Go map, in random order, errors go by key, because answers must repeat.

DEVIATES: upstream is lenient towards objects stored under older rules; here only addresses that were there before, and
tolerations with Lt or Gt, may stay as they are, because nothing is older than these rules.

Source: apiserver/pkg/registry/rest/{create,update}.go, BeforeCreate and BeforeUpdate.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate import (
    configmap,
    deployment,
    event,
    lease,
    namespace,
    node,
    pod,
    pod_status,
    priorityclass,
    replicaset,
    secret,
    service,
    serviceaccount,
)
from refk8s.api.validate.errors import FieldError, causes
from refk8s.api.validate.meta import checked, shared_create, shared_update
from refk8s.api.validate.rules import Rules, Update
from refk8s.api.validate.warnings import warnings_create, warnings_status_update, warnings_update

__all__ = [
    "FieldError",
    "causes",
    "validate_create",
    "validate_ephemeral_containers_update",
    "validate_finalize_update",
    "validate_status_update",
    "validate_update",
    "warnings_create",
    "warnings_status_update",
    "warnings_update",
]

Doc = Mapping[str, Any]

_RULES = {
    "Pod": Rules(pod.create, pod.update, pod_status.update),
    "Node": Rules(node.create, node.update, node.update_status, namespaced=False),
    "Namespace": Rules(namespace.create, namespace.update, namespace.update_status, namespaced=False),
    "ReplicaSet": Rules(replicaset.create, replicaset.update, replicaset.update_status),
    "Deployment": Rules(deployment.create, deployment.update, deployment.update_status),
    "ConfigMap": Rules(configmap.create, configmap.update),
    "Secret": Rules(secret.create, secret.update),
    "Service": Rules(service.create, service.update, service.update_status),
    "ServiceAccount": Rules(serviceaccount.create, serviceaccount.update),
    "Lease": Rules(lease.create, lease.update),
    "Event": Rules(event.create, event.update),
    "events.k8s.io/v1 Event": Rules(event.create_strictly, event.update_strictly),
    "PriorityClass": Rules(priorityclass.create, priorityclass.update, namespaced=False),
}


def _rules(kind: str) -> Rules:
    """The row of a kind. KeyError: unknown kind."""
    if kind not in _RULES:
        from refk8s.api.validate.further import RULES

        _RULES.update(RULES)
    return _RULES[kind]


def validate_create(kind: str, doc: Doc) -> tuple[FieldError, ...]:
    """The errors of a new object, () if there are none. Its name must have been generated. KeyError: unknown kind."""
    rules = _rules(kind)
    meta = checked(doc["metadata"])
    return tuple(rules.create(doc, meta) or shared_create(meta, namespaced=rules.namespaced))


def validate_update(kind: str, new: Doc, old: Doc) -> tuple[FieldError, ...]:
    """The errors of a changed object. Its resourceVersion must be set. KeyError: unknown kind."""
    rules = _rules(kind)
    return _update(rules, rules.update, new, old)


def validate_status_update(kind: str, new: Doc, old: Doc) -> tuple[FieldError, ...]:
    """The errors of a write to the `status` subresource. KeyError: unknown kind, or one without the subresource."""
    rules = _rules(kind)
    if rules.status is None:
        raise KeyError(kind)
    return _update(rules, rules.status, new, old)


def validate_finalize_update(new: Doc, old: Doc) -> tuple[FieldError, ...]:
    """The errors of a write to a Namespace's `finalize` subresource."""
    return _update(_rules("Namespace"), namespace.update_finalize, new, old)


def validate_ephemeral_containers_update(new: Doc, old: Doc) -> tuple[FieldError, ...]:
    """The errors of a write to a Pod's `ephemeralcontainers` subresource."""
    return _update(_rules("Pod"), pod.update_ephemeral_containers, new, old)


def _update(rules: Rules, own: Update, new: Doc, old: Doc) -> tuple[FieldError, ...]:
    meta = checked(new["metadata"])
    errors = shared_update(meta, old["metadata"], namespaced=rules.namespaced)
    return tuple(errors + own(new, old, meta))
