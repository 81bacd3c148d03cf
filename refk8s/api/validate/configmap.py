"""ConfigMaps. Source: pkg/apis/core/validation/validation.go, ValidateConfigMap, ValidateConfigMapUpdate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.errors import Errors, forbidden, invalid, invalid_all, too_long
from refk8s.api.validate.meta import SUBDOMAIN, Checked, full, full_update
from refk8s.kinds.names import config_map_key

Doc = Mapping[str, Any]

DATA_LIMIT = 1024 * 1024
_FROZEN = "field is immutable when `immutable` is set"


def create(config_map: Doc, meta: Checked) -> Errors:
    """A new ConfigMap: keys are file names, no key is used twice, not too large."""
    errors = full(meta, SUBDOMAIN, namespaced=True)
    data: Mapping[str, str] = config_map.get("data") or {}
    binary: Mapping[str, str] = config_map.get("binaryData") or {}
    size = 0
    for key in sorted(data):
        errors += invalid_all(f"data[{key}]", key, config_map_key(key))
        if key in binary:
            errors.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        size += len(data[key].encode(errors="surrogatepass"))
    for key in sorted(binary):
        errors += invalid_all(f"binaryData[{key}]", key, config_map_key(key))
        size += decoded_size(binary[key])
    if size > DATA_LIMIT:
        errors.append(too_long("", DATA_LIMIT))
    return errors


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed ConfigMap; an immutable one stays as it is."""
    errors = full_update(meta, old["metadata"])
    errors += frozen(new, old, ("data", "binaryData"))
    return errors + create(new, meta)


def frozen(new: Doc, old: Doc, keys: tuple[str, ...]) -> Errors:
    """What `immutable` forbids."""
    if not old.get("immutable"):
        return []
    errors = [] if new.get("immutable") else [forbidden("immutable", _FROZEN)]
    return errors + [forbidden(key, _FROZEN) for key in keys if (new.get(key) or {}) != (old.get(key) or {})]


def decoded_size(text: str) -> int:
    """The bytes that canonical base64 stands for."""
    return len(text) // 4 * 3 - text[-2:].count("=")
