"""Object metadata, checked on create and update.

A write checks the same metadata several times upstream (what every kind shares, then the kind's own rules), and each
pass reports; `checked` does the work once and the passes put its parts together.
Source: apimachinery/pkg/api/validation/objectmeta.go; apis/meta/v1/validation/validation.go;
pkg/apis/core/validation/validation.go (ValidateObjectMeta, ValidateObjectMetaUpdate, validateKubeFinalizerName);
apiserver/pkg/registry/rest/{create,update}.go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import attrs

from refk8s.api.validate.errors import (
    Errors,
    forbidden,
    invalid,
    invalid_all,
    named,
    quote,
    required,
    too_long,
)
from refk8s.kinds.names import (
    Messages,
    annotation_key,
    dns1035_label,
    dns1123_label,
    dns1123_subdomain,
    generate_name_prefix,
    label_key,
    label_value,
    path_segment,
    path_segment_prefix,
)

Doc = Mapping[str, Any]
NameRule = Callable[[str], Messages]

ANNOTATIONS_LIMIT = 256 * 1024
MANAGER_LIMIT = 128
SUBRESOURCE_LIMIT = 256
STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
IMMUTABLE = "field is immutable"
NEGATIVE = "must be greater than or equal to 0"

_dns1123_label = lru_cache(maxsize=4096)(dns1123_label)
_dns1035_label = lru_cache(maxsize=4096)(dns1035_label)


@attrs.frozen(slots=True)
class NameRules:
    """How names of a kind, and the prefixes they are generated from, are checked."""

    name: NameRule
    prefix: NameRule


SUBDOMAIN = NameRules(dns1123_subdomain, lambda prefix: generate_name_prefix(prefix, dns1123_subdomain))
LABEL = NameRules(_dns1123_label, lambda prefix: generate_name_prefix(prefix, dns1123_label))
LABEL_1035 = NameRules(_dns1035_label, lambda prefix: generate_name_prefix(prefix, dns1035_label))
SEGMENT = NameRules(path_segment, path_segment_prefix)


@attrs.frozen(slots=True)
class Checked:
    """Metadata with the errors of those parts that several passes report."""

    meta: Doc
    labels: Errors
    annotations: Errors
    owners: Errors
    finalizers: Errors
    managed: Errors
    kube_finalizers: Errors


def checked(meta: Doc) -> Checked:
    """Check the parts of metadata that do not depend on kind or operation."""
    finalizers = meta.get("finalizers") or ()
    return Checked(
        meta,
        label_map(meta.get("labels"), "metadata.labels"),
        annotation_map(meta.get("annotations"), "metadata.annotations"),
        _owners(meta.get("ownerReferences") or (), "metadata.ownerReferences"),
        _finalizers(finalizers, "metadata.finalizers") if finalizers else [],
        _managed_fields(meta.get("managedFields") or (), "metadata.managedFields"),
        [e for i, name in enumerate(finalizers) for e in kube_finalizer(name, f"metadata.finalizers[{i}]")],
    )


def plain(of: Checked, rules: NameRules, *, namespaced: bool) -> Errors:
    """What apimachinery checks of the metadata of a new or changed object."""
    meta = of.meta
    errors: Errors = []
    prefix, name, namespace = meta.get("generateName"), meta.get("name"), meta.get("namespace")
    if prefix:
        errors += invalid_all("metadata.generateName", prefix, rules.prefix(prefix))
    if name:
        errors += invalid_all("metadata.name", name, rules.name(name))
    else:
        errors.append(required("metadata.name", "name or generateName is required"))
    if namespaced and not namespace:
        errors.append(required("metadata.namespace"))
    elif namespaced:
        errors += invalid_all("metadata.namespace", namespace, _dns1123_label(namespace or ""))
    elif namespace:
        errors.append(forbidden("metadata.namespace", "not allowed on this type"))
    errors += not_negative(meta.get("generation") or 0, "metadata.generation")
    return errors + of.labels + of.annotations + of.owners + of.finalizers + of.managed


def full(of: Checked, rules: NameRules, *, namespaced: bool) -> Errors:
    """What the core kinds check: as `plain`, and unqualified finalizers must be standard ones."""
    return plain(of, rules, namespaced=namespaced) + of.kube_finalizers


def plain_update(of: Checked, old: Doc) -> Errors:
    """What apimachinery checks of metadata against the object's former one."""
    new = of.meta
    errors: Errors = []
    if old.get("deletionTimestamp"):
        errors += _no_new_finalizers(new.get("finalizers") or (), old.get("finalizers") or ())
    if not new.get("resourceVersion"):
        errors.append(invalid("metadata.resourceVersion", "", "must be specified for an update"))
    generation = new.get("generation") or 0
    if generation < (old.get("generation") or 0):
        errors.append(invalid("metadata.generation", generation, "must not be decremented"))
    for key in ("name", "namespace"):
        if (new.get(key) or "") != (old.get(key) or ""):
            errors.append(invalid(f"metadata.{key}", new.get(key) or "", IMMUTABLE))
    if (new.get("uid") or "") != (old.get("uid") or ""):
        errors.append(invalid("metadata.uid", named(new.get("uid") or ""), IMMUTABLE))
    for key in ("creationTimestamp", "deletionTimestamp"):
        if new.get(key) != old.get(key):
            errors.append(invalid(f"metadata.{key}", named(new.get(key)), IMMUTABLE))
    key = "deletionGracePeriodSeconds"
    if new.get(key) != old.get(key):
        errors.append(invalid(f"metadata.{key}", new.get(key), IMMUTABLE))
    return errors + of.labels + of.annotations + of.owners + of.managed


def full_update(of: Checked, old: Doc) -> Errors:
    """As `plain_update`, and unqualified finalizers must be standard ones."""
    return plain_update(of, old) + of.kube_finalizers


def shared_create(of: Checked, *, namespaced: bool) -> Errors:
    """What every kind's create checks after the kind's own rules found nothing."""
    return plain(of, SEGMENT, namespaced=namespaced)


def shared_update(of: Checked, old: Doc, *, namespaced: bool) -> Errors:
    """What every kind's update checks before the kind's own rules."""
    return plain(of, SEGMENT, namespaced=namespaced) + plain_update(of, old)


def label_map(found: Mapping[str, str] | None, path: str) -> Errors:
    """Keys and values of labels, in the order of the keys (upstream's is random)."""
    errors: Errors = []
    if not found:
        return errors
    for key, value in found.items():
        if label_key(key) or label_value(value):
            break
    else:
        return errors
    for key in sorted(found):
        errors += invalid_all(path, key, label_key(key))
        errors += invalid_all(path, found[key], label_value(found[key]))
    return errors


def annotation_map(found: Mapping[str, str] | None, path: str) -> Errors:
    """Keys of annotations and their size altogether, in bytes."""
    if not found:
        return []
    errors = [e for key in sorted(found) for e in invalid_all(path, key, annotation_key(key))]
    if sum(len(key.encode()) + len(value.encode()) for key, value in found.items()) > ANNOTATIONS_LIMIT:
        errors.append(too_long(path, ANNOTATIONS_LIMIT))
    return errors


def kube_finalizer(name: str, path: str) -> Errors:
    """A finalizer without a domain must be one that Kubernetes itself uses."""
    if "/" in name or name in STANDARD_FINALIZERS:
        return []
    return [invalid(path, name, "name is neither a standard finalizer name nor is it fully qualified")]


def finalizer(name: str, path: str) -> Errors:
    """A finalizer's name is a qualified name."""
    return invalid_all(path, name, label_key(name))


def not_negative(value: int, path: str) -> Errors:
    return [invalid(path, value, NEGATIVE)] if value < 0 else []


def _owners(references: Any, path: str) -> Errors:
    errors: Errors = []
    controller = ""
    for reference in references:
        errors += _owner(reference, path)
        if reference.get("controller"):
            name = f"{reference['kind']}/{reference['name']}"
            if controller:
                detail = (
                    'Only one reference can have Controller set to true. Found "true" in references for '
                    f"{controller} and {name}"
                )
                errors.append(invalid(path, [_owner_json(r) for r in references], detail))
            else:
                controller = name
    return errors


def _owner(reference: Doc, path: str) -> Errors:
    group, version = _group_version(reference["apiVersion"])
    kind = reference["kind"]
    errors: Errors = []
    if not version:
        errors.append(invalid(f"{path}.apiVersion", reference["apiVersion"], "version must not be empty"))
    if not kind:
        errors.append(invalid(f"{path}.kind", kind, "must not be empty"))
    if not reference["name"]:
        errors.append(invalid(f"{path}.name", reference["name"], "must not be empty"))
    if not reference["uid"]:
        errors.append(invalid(f"{path}.uid", named(reference["uid"]), "must not be empty"))
    if (group, version, kind) == ("", "v1", "Event"):
        detail = f"{group}/{version}, Kind={kind} is disallowed from being an owner"
        errors.append(invalid(path, _owner_json(reference), detail))
    return errors


def _group_version(api_version: str) -> tuple[str, str]:
    """Group and version; both empty where upstream cannot parse them."""
    parts = api_version.split("/")
    if len(parts) == 1:
        return "", parts[0]
    return (parts[0], parts[1]) if len(parts) == 2 else ("", "")


def _owner_json(reference: Doc) -> Doc:
    keys = ("apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion")
    return {key: reference[key] for key in keys if key in reference}


def _finalizers(names: Any, path: str) -> Errors:
    errors = [e for name in names for e in finalizer(name, path)]
    if "orphan" in names and "foregroundDeletion" in names:
        errors.append(invalid(path, list(names), "finalizer orphan and foregroundDeletion cannot be both set"))
    return errors


def _no_new_finalizers(new: Any, old: Any) -> Errors:
    extra = sorted(set(new) - set(old))
    if not extra:
        return []
    listed = "[]string{" + ", ".join(quote(name) for name in extra) + "}"
    detail = f"no new finalizers can be added if the object is being deleted, found new finalizers {listed}"
    return [forbidden("metadata.finalizers", detail)]


def _managed_fields(entries: Any, path: str) -> Errors:
    errors: Errors = []
    for i, entry in enumerate(entries):
        at = f"{path}[{i}]"
        if entry.get("operation") not in ("Apply", "Update"):
            detail = "must be `Apply` or `Update`"
            errors.append(invalid(f"{at}.operation", named(entry.get("operation") or ""), detail))
        if entry.get("fieldsType") not in (None, "", "FieldsV1"):
            errors.append(invalid(f"{at}.fieldsType", entry["fieldsType"], "must be `FieldsV1`"))
        errors += field_manager(entry.get("manager") or "", f"{at}.manager")
        if len((entry.get("subresource") or "").encode()) > SUBRESOURCE_LIMIT:
            errors.append(too_long(f"{at}.subresource", SUBRESOURCE_LIMIT))
    return errors


def field_manager(manager: str, path: str) -> Errors:
    """A field manager's name: not too long, printable."""
    errors: Errors = []
    if manager.isascii() and manager.isprintable() and len(manager) <= MANAGER_LIMIT:
        return errors
    if len(manager.encode(errors="surrogatepass")) > MANAGER_LIMIT:
        errors.append(too_long(path, MANAGER_LIMIT))
    offset = 0
    for char in manager:
        if not char.isprintable():
            detail = f"invalid character {_code_point(char)} (at position {offset})"
            errors.append(invalid(path, manager, detail))
        offset += len(char.encode(errors="surrogatepass"))
    return errors


def _code_point(char: str) -> str:
    """As Go's %#U prints a character that is not printable."""
    return f"U+{ord(char):04X}"
