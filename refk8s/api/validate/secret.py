"""Secrets. Source: pkg/apis/core/validation/validation.go, ValidateSecret, ValidateSecretUpdate."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from refk8s.api.default.decode import json_name
from refk8s.api.default.go_syntax import complaint
from refk8s.api.validate.configmap import DATA_LIMIT, decoded_size, frozen
from refk8s.api.validate.errors import Errors, invalid, invalid_all, named, required, too_long
from refk8s.api.validate.meta import IMMUTABLE, SUBDOMAIN, Checked, full, full_update
from refk8s.kinds.names import config_map_key

Doc = Mapping[str, Any]

_ACCOUNT = "kubernetes.io/service-account.name"
_REDACTED = "<secret contents redacted>"
_DOCKER = {"kubernetes.io/dockercfg": ".dockercfg", "kubernetes.io/dockerconfigjson": ".dockerconfigjson"}


def create(secret: Doc, meta: Checked) -> Errors:
    """A new Secret: keys are file names, not too large, with the keys that its type needs."""
    errors = full(meta, SUBDOMAIN, namespaced=True)
    data: Mapping[str, str] = secret.get("data") or {}
    for key in sorted(data):
        errors += invalid_all(f"data[{key}]", key, config_map_key(key))
    if sum(decoded_size(value) for value in data.values()) > DATA_LIMIT:
        errors.append(too_long("data", DATA_LIMIT))
    return errors + _of_type(secret.get("type") or "", data, meta)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed Secret: its type never changes, an immutable one not at all."""
    errors = full_update(meta, old["metadata"])
    if (new.get("type") or "") != (old.get("type") or ""):
        errors.append(invalid("type", named(new.get("type") or ""), IMMUTABLE))
    return errors + frozen(new, old, ("data",)) + create(new, meta)


def _of_type(kind: str, data: Mapping[str, str], meta: Checked) -> Errors:
    if kind == "kubernetes.io/service-account-token":
        annotations = meta.meta.get("annotations") or {}
        return [] if annotations.get(_ACCOUNT) else [required(f"metadata.annotations[{_ACCOUNT}]")]
    if kind in _DOCKER:
        return _docker(_DOCKER[kind], data)
    if kind == "kubernetes.io/basic-auth":
        keys = ("username", "password")
        return [] if any(key in data for key in keys) else [required(f"data[{key}]") for key in keys]
    if kind == "kubernetes.io/ssh-auth":
        return [] if data.get("ssh-privatekey") else [required("data[ssh-privatekey]")]
    if kind == "kubernetes.io/tls":
        return [required(f"data[{key}]") for key in ("tls.crt", "tls.key") if key not in data]
    return []


def _docker(key: str, data: Mapping[str, str]) -> Errors:
    if key not in data:
        return [required(f"data[{key}]")]
    complaint = _json_complaint(base64.b64decode(data[key]))
    return [invalid(f"data[{key}]", _REDACTED, complaint)] if complaint else []


def _json_complaint(content: bytes) -> str:
    """What Go's decoder says about bytes that are no JSON object; "" if they are one or null."""
    problem = complaint(content)
    if problem:
        return problem
    value = json.loads(content.decode(errors="replace"))
    if value is None or isinstance(value, dict):
        return ""
    return f"json: cannot unmarshal {json_name(value)} into Go value of type map[string]interface {{}}"
