"""The strategy of CustomResourceDefinitions: preparation, and what makes one invalid.

DEVIATES: rules of x-kubernetes-validations (CEL) are stored and shown, but neither compiled nor evaluated; conversion webhooks are stored, but never called:
objects of other versions differ from the stored one in their apiVersion only.

Source: apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go, registry/customresourcedefinition/strategy.go,
apiserver/schema/validation.go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from refk8s.api.default.definition import storage_versions
from refk8s.api.validate.errors import (
    Errors,
    FieldError,
    forbidden,
    invalid,
    named,
    not_supported,
    required,
)
from refk8s.api.validate.meta import IMMUTABLE, SEGMENT, Checked, NameRules, plain, plain_update
from refk8s.kinds.names import dns1035_label, dns1123_subdomain

from .patterns import BadPattern, compiled
from .structural import Structural, defaulted, prune, structural
from .values import schema_errors

Doc = Mapping[str, Any]
SCOPES: Final = ("Cluster", "Namespaced")
COLUMN_TYPES: Final = ("boolean", "date", "integer", "number", "string")
COLUMN_FORMATS: Final = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
MOST_SELECTABLE: Final = 8


def prepare_create(document: dict[str, Any]) -> dict[str, Any]:
    """A new definition: nothing is accepted yet."""
    status = {
        "conditions": None,
        "acceptedNames": {"plural": "", "kind": ""},
        "storedVersions": storage_versions(document["spec"]) or None,
    }
    return {**document, "metadata": {**document["metadata"], "generation": 1}, "status": status}


def prepare_update(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """A changed definition with the old status, to which its storage version is added; its generation counts changes of the spec."""
    metadata, status = new["metadata"], dict(old.get("status") or {})
    if new["spec"] != old["spec"]:
        metadata = {**metadata, "generation": (old["metadata"].get("generation") or 0) + 1}
    stored = list(status.get("storedVersions") or ())
    status["storedVersions"] = stored + [name for name in storage_versions(new["spec"]) if name not in stored] or None
    return {**new, "metadata": metadata, "status": status}


# ---- validation


def validate_create(document: Doc, meta: Checked) -> Errors:
    """What is wrong with a new definition."""
    spec = document["spec"]
    wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"

    def rule(name: str) -> tuple[str, ...]:
        found = tuple(dns1123_subdomain(name))
        return found if name == wanted else (*found, 'must be spec.names.plural+"."+spec.group')

    errors = plain(meta, NameRules(rule, SEGMENT.prefix), namespaced=False)
    return errors + _spec_errors(spec) + _status_errors(document)


def validate_update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """What is wrong with a changed definition."""
    errors = plain_update(meta, old["metadata"])
    spec, was = new["spec"], old["spec"]
    errors += _spec_errors(spec)
    if is_true(old, "Established"):
        errors += _immutable("spec.scope", spec, was, "scope")
        errors += _immutable("spec.names.kind", spec["names"], was["names"], "kind")
    errors += _immutable("spec.group", spec, was, "group")
    errors += _immutable("spec.names.plural", spec["names"], was["names"], "plural")
    return errors + _status_errors(new)


def validate_status_update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """What is wrong with a changed status."""
    accepted = (new.get("status") or {}).get("acceptedNames") or {}
    return plain_update(meta, old["metadata"]) + _name_errors(accepted, "status.acceptedNames")


def is_true(document: Doc, kind: str) -> bool:
    """Whether a condition of the definition is true."""
    found = (document.get("status") or {}).get("conditions") or ()
    return any(condition["type"] == kind and condition["status"] == "True" for condition in found)


def _immutable(path: str, new: Doc, old: Doc, key: str) -> Errors:
    return [] if new.get(key) == old.get(key) else [invalid(path, named(new.get(key)), IMMUTABLE)]


def _status_errors(document: Doc) -> Errors:
    status, versions = document.get("status") or {}, document["spec"].get("versions") or ()
    errors = _name_errors(status.get("acceptedNames") or {}, "status.acceptedNames")
    stored, path = status.get("storedVersions") or [], "status.storedVersions"
    if not stored:
        return [*errors, invalid(path, stored, "must have at least one stored version")]
    names = [version.get("name") for version in versions]
    for version in versions:
        if version.get("storage") and version.get("name") not in stored:
            errors.append(invalid(path, stored, f"must have the storage version {version.get('name')}"))
    for index, name in enumerate(stored):
        if name not in names:
            text = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions until a storage migration ensures"
                f" no data remains persisted in {name} and removes {name} from status.storedVersions"
            )
            errors.append(invalid(f"{path}[{index}]", name, text))
    return errors


def _spec_errors(spec: Doc) -> Errors:
    errors: Errors = []
    group, versions = spec.get("group") or "", spec.get("versions") or []
    if not group:
        errors.append(required("spec.group"))
    elif wrong := dns1123_subdomain(group):
        errors.append(invalid("spec.group", group, ",".join(wrong)))
    elif "." not in group:
        errors.append(invalid("spec.group", group, "should be a domain with at least one dot"))
    scope = spec.get("scope") or ""
    if not scope:
        errors.append(required("spec.scope"))
    elif scope not in SCOPES:
        errors.append(not_supported("spec.scope", named(scope), SCOPES))
    for index, version in enumerate(versions):
        if not isinstance((version.get("schema") or {}).get("openAPIV3Schema"), dict):
            errors.append(required(f"spec.versions[{index}].schema.openAPIV3Schema"))
    shared = _shared(versions)
    for index, version in enumerate(versions):
        errors += _version_errors(version, f"spec.versions[{index}]", shared)
    names = [version.get("name") for version in versions]
    if len(set(names)) != len(names):
        errors.append(invalid("spec.versions", versions, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        errors.append(invalid("spec.versions", versions, "must have exactly one version marked as storage version"))
    given = spec.get("names") or {}
    errors += [
        required(f"spec.names.{key}") for key in ("plural", "singular", "kind", "listKind") if not given.get(key)
    ]
    errors += _name_errors(given, "spec.names")
    if versions:
        first = versions[0]
        if "schema" in shared:
            errors += _schema_errors(first["schema"], "spec.validation")
        if "subresources" in shared:
            errors += _subresource_errors(first["subresources"], "spec.subresources")
        if "additionalPrinterColumns" in shared:
            errors += _column_errors(first["additionalPrinterColumns"], "spec.additionalPrinterColumns")
    return errors + _conversion_errors(spec.get("conversion") or {}) + _preserve_errors(spec)


def _shared(versions: Sequence[Doc]) -> set[str]:
    """The fields that all versions have alike, which upstream validates once, under another path."""
    found = set()
    for field in ("schema", "subresources", "additionalPrinterColumns"):
        values = [version.get(field) for version in versions]
        if values and values[0] and all(value == values[0] for value in values):
            found.add(field)
    return found


def _version_errors(version: Doc, path: str, shared: set[str]) -> Errors:
    errors: Errors = []
    name = version.get("name") or ""
    if wrong := dns1035_label(name):
        errors.append(invalid(f"{path}.name", name, ",".join(wrong)))
    warning = version.get("deprecationWarning")
    if warning is not None and not version.get("deprecated"):
        errors.append(invalid(f"{path}.deprecationWarning", warning, "can only be set for deprecated versions"))
    elif warning is not None and len(warning) > 256:
        errors.append(invalid(f"{path}.deprecationWarning", warning, "must be <= 256 characters long"))
    elif warning == "":
        errors.append(invalid(f"{path}.deprecationWarning", warning, "must not be an empty string"))
    if "schema" not in shared:
        errors += _schema_errors(version.get("schema") or {}, f"{path}.schema")
    if "subresources" not in shared:
        errors += _subresource_errors(version.get("subresources") or {}, f"{path}.subresources")
    if "additionalPrinterColumns" not in shared:
        errors += _column_errors(version.get("additionalPrinterColumns") or (), f"{path}.additionalPrinterColumns")
    selectable = version.get("selectableFields") or ()
    for index, field in enumerate(selectable):
        if not field.get("jsonPath"):
            errors.append(required(f"{path}.selectableFields[{index}].jsonPath"))
    if len(selectable) > MOST_SELECTABLE:
        here = f"{path}.selectableFields"
        errors.append(
            FieldError("FieldValueTooMany", here, len(selectable), f"must have at most {MOST_SELECTABLE} items")
        )
    return errors


def _name_errors(names: Doc, path: str) -> Errors:
    errors: Errors = []
    mixed = "may have mixed case, but should otherwise match: "
    for key, before in (("plural", ""), ("singular", ""), ("kind", mixed), ("listKind", mixed)):
        name = names.get(key) or ""
        if name and (wrong := dns1035_label(name.lower() if before else name)):
            errors.append(invalid(f"{path}.{key}", name, before + ",".join(wrong)))
    for key in ("shortNames", "categories"):
        for index, name in enumerate(names.get(key) or ()):
            if wrong := dns1035_label(name):
                errors.append(invalid(f"{path}.{key}[{index}]", name, ",".join(wrong)))
        if key == "shortNames" and names.get("kind") and names["kind"] == names.get("listKind"):
            errors.append(invalid(f"{path}.listKind", names["listKind"], "kind and listKind may not be the same"))
    return errors


def _subresource_errors(given: Doc, path: str) -> Errors:
    scale = given.get("scale")
    if scale is None:
        return []
    errors: Errors = []
    for key, prefix in (("specReplicasPath", ".spec."), ("statusReplicasPath", ".status.")):
        errors += _replicas_path_errors(scale.get(key) or "", f"{path}.scale.{key}", (prefix,))
    selector = scale.get("labelSelectorPath")
    if selector:
        errors += _replicas_path_errors(selector, f"{path}.scale.labelSelectorPath", (".spec.", ".status."))
    return errors


_SIMPLE_PATH: Final = re.compile(r"(\.[-_a-zA-Z0-9$]+|\[\d+\]|\['[^']+'\])+")


def _replicas_path_errors(value: str, path: str, prefixes: tuple[str, ...]) -> Errors:
    if not value:
        return [required(path)]
    if not _SIMPLE_PATH.fullmatch(value):
        return [invalid(path, value, f"is an invalid path: does not match the regex {_SIMPLE_PATH.pattern}")]
    if not value.startswith(prefixes):
        words = " or ".join(prefix.rstrip(".") for prefix in prefixes)
        under = "either under " if len(prefixes) > 1 else "under "
        return [invalid(path, value, f"should be a json path {under}{words}")]
    return []


def _column_errors(columns: Sequence[Doc], path: str) -> Errors:
    errors: Errors = []
    for index, column in enumerate(columns):
        here, types = f"{path}[{index}]", f"must be one of {','.join(COLUMN_TYPES)}"
        if not column.get("name"):
            errors.append(required(f"{here}.name"))
        if not column.get("type"):
            errors.append(required(f"{here}.type", types))
        elif column["type"] not in COLUMN_TYPES:
            errors.append(invalid(f"{here}.type", column["type"], types))
        if column.get("format") and column["format"] not in COLUMN_FORMATS:
            errors.append(invalid(f"{here}.format", column["format"], f"must be one of {','.join(COLUMN_FORMATS)}"))
        if not column.get("jsonPath"):
            errors.append(required(f"{here}.JSONPath"))
    return errors


def _conversion_errors(conversion: Doc) -> Errors:
    strategy, path = conversion.get("strategy") or "", "spec.conversion"
    if strategy not in ("None", "Webhook"):
        return [not_supported(f"{path}.strategy", named(strategy), ("None", "Webhook"))]
    webhook = conversion.get("webhook")
    if strategy == "None":
        text = "should not be set when strategy is not set to Webhook"
        return [forbidden(f"{path}.webhookClientConfig", text)] if webhook is not None else []
    errors: Errors = []
    client = (webhook or {}).get("clientConfig")
    if client is None:
        errors.append(required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook"))
    elif (client.get("url") is None) == (client.get("service") is None):
        errors.append(required(f"{path}.webhookClientConfig", "exactly one of url or service is required"))
    if not (webhook or {}).get("conversionReviewVersions"):
        errors.append(required(f"{path}.conversionReviewVersions"))
    return errors


def _preserve_errors(spec: Doc) -> Errors:
    if not spec.get("preserveUnknownFields"):
        return []
    text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
    return [invalid("spec.preserveUnknownFields", True, text)]


# ---- schemas


def _schema_errors(given: Doc, path: str) -> Errors:
    raw = given.get("openAPIV3Schema")
    if not isinstance(raw, dict):
        return []
    path = f"{path}.openAPIV3Schema"
    errors: Errors = []
    if raw.get("nullable") is True:
        errors.append(forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    errors += [error for at, one in _walk(raw, path) for error in _node_errors(one, at)]
    of = structural(raw)
    found = _structural_errors(of, path, "root") + _default_errors(of, path)
    return errors + sorted(found, key=str)


def _walk(raw: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The schemas outside of anyOf and its like, with their paths."""
    yield path, raw
    given = raw.get("properties")
    properties: Mapping[str, Any] = given if isinstance(given, dict) else {}
    for key in sorted(properties):
        if isinstance(properties[key], dict):
            yield from _walk(properties[key], f"{path}.properties[{key}]")
    for key in ("items", "additionalProperties"):
        if isinstance(raw.get(key), dict):
            yield from _walk(raw[key], f"{path}.{key}")


_TYPES: Final = ("array", "boolean", "integer", "number", "object", "string")
_LIST_TYPES: Final = ("atomic", "map", "set")


def _node_errors(raw: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = []
    if raw.get("uniqueItems") is True:
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        errors.append(forbidden(f"{path}.uniqueItems", text))
    if raw.get("additionalProperties") is not None and raw.get("properties"):
        errors.append(
            forbidden(f"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive")
        )
    if raw.get("additionalProperties") is False:
        errors.append(forbidden(f"{path}.additionalProperties", "additionalProperties cannot be set to false"))
    if raw.get("$ref"):
        errors.append(forbidden(f"{path}.$ref", "$ref is not supported"))
    kind = raw.get("type")
    if kind and kind not in _TYPES:
        errors.append(not_supported(f"{path}.type", kind, _TYPES))
    return errors + _list_errors(raw, path)


def _list_errors(raw: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = []
    list_type, keys = raw.get("x-kubernetes-list-type"), raw.get("x-kubernetes-list-map-keys") or ()
    if list_type is not None and raw.get("type") != "array":
        here = f"{path}.type"
        if raw.get("type"):
            errors.append(invalid(here, raw["type"], "must be array if x-kubernetes-list-type is specified"))
        else:
            errors.append(required(here, "must be array if x-kubernetes-list-type is specified"))
    if list_type is not None and list_type not in _LIST_TYPES:
        errors.append(not_supported(f"{path}.x-kubernetes-list-type", list_type, _LIST_TYPES))
    if keys and list_type != "map":
        here = f"{path}.x-kubernetes-list-type"
        text = "must be map if x-kubernetes-list-map-keys is non-empty"
        errors.append(required(here, text) if list_type is None else invalid(here, list_type, text))
    if list_type != "map":
        return errors
    if not keys:
        text = "must not be empty if x-kubernetes-list-type is map"
        return [*errors, required(f"{path}.x-kubernetes-list-map-keys", text)]
    given = raw.get("items")
    items: Mapping[str, Any] = given if isinstance(given, dict) else {}
    properties: Mapping[str, Any] = items.get("properties") or {}
    for index, key in enumerate(keys):
        here = f"{path}.x-kubernetes-list-map-keys[{index}]"
        if key not in properties:
            errors.append(invalid(here, key, "entries must all be names of item properties"))
        elif properties[key].get("nullable") is True:
            text = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable"
            errors.append(forbidden(f"{path}.items.properties[{key}].nullable", text))
        elif "default" not in properties[key] and key not in (items.get("required") or ()):
            text = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            errors.append(required(f"{path}.items.properties[{key}].default", text))
    return errors


def _structural_errors(of: Structural, path: str, level: str) -> Errors:
    errors: Errors = []
    if of.type == "array" and of.items is None:
        errors.append(required(f"{path}.items", "must be specified"))
    if of.items is not None:
        errors += _structural_errors(of.items, f"{path}.items", "item")
    for key, inner in of.properties.items():
        errors += _structural_errors(inner, f"{path}.properties[{key}]", "field")
    if of.additional is not None:
        if level == "root":
            errors.append(forbidden(f"{path}.additionalProperties", "must not be used at the root"))
        if isinstance(of.raw.get("additionalProperties"), dict):
            errors += _structural_errors(of.additional, f"{path}.additionalProperties", "field")
    return errors + _type_errors(of, path, level) + _extension_errors(of, path) + _metadata_errors(of, path, level)


_EMPTY_TYPE: Final = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}


def _type_errors(of: Structural, path: str, level: str) -> Errors:
    errors: Errors = []
    embedded = "must be object if x-kubernetes-embedded-resource is true"
    if of.embedded and of.type != "object":
        here = f"{path}.type"
        errors.append(invalid(here, of.type, embedded) if of.type else required(here, embedded))
    elif not of.type and not of.int_or_string and not of.preserve:
        errors.append(required(f"{path}.type", _EMPTY_TYPE[level]))
    if level == "root" and of.type not in ("", "object"):
        errors.append(invalid(f"{path}.type", of.type, "must be object at the root"))
    pattern = of.raw.get("pattern")
    if isinstance(pattern, str):
        try:
            compiled(pattern)
        except BadPattern as error:
            text = f"must be a valid regular expression, but isn't: {error}"
            errors.append(invalid(f"{path}.pattern", pattern, text))
    return errors + _nested_errors(of.raw, path)


_FORBIDDEN: Final = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
)
_INT_OR_STRING: Final = [{"type": "integer"}, {"type": "string"}]


def _nested_errors(raw: Mapping[str, Any], path: str) -> Errors:
    errors: Errors = []
    either = raw.get("x-kubernetes-int-or-string") is True
    for key in ("anyOf", "allOf", "oneOf", "not"):
        given = raw.get(key)
        if key == "anyOf" and either and given == _INT_OR_STRING:
            continue
        listed = [(f"{path}.{key}[{index}]", one) for index, one in enumerate(given)] if isinstance(given, list) else []
        if isinstance(given, dict):
            listed = [(f"{path}.not", given)]
        for index, (here, one) in enumerate(listed):
            first = key == "allOf" and index == 0 and either and one.get("anyOf") == _INT_OR_STRING
            errors += _nested_node_errors(one, here, skip=first)
    return errors


def _nested_node_errors(raw: Mapping[str, Any], path: str, *, skip: bool = False) -> Errors:
    errors = [forbidden(f"{path}.{key}", text) for key, text in _FORBIDDEN if raw.get(key)]
    if isinstance(raw.get("items"), dict):
        errors += _nested_node_errors(raw["items"], f"{path}.items")
    for key, inner in (raw.get("properties") or {}).items():
        errors += _nested_node_errors(inner, f"{path}.properties[{key}]")
    if "metadata" in (raw.get("properties") or {}):
        errors.append(forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context"))
    return errors if skip else errors + _nested_errors(raw, path)


def _extension_errors(of: Structural, path: str) -> Errors:
    errors: Errors = []
    for field, value in (("preserve-unknown-fields", of.preserve), ("embedded-resource", of.embedded)):
        if of.int_or_string and value:
            text = "must be false if x-kubernetes-int-or-string is true"
            errors.append(invalid(f"{path}.x-kubernetes-{field}", True, text))
    if of.embedded and of.additional is not None:
        text = "must not be used if x-kubernetes-embedded-resource is set"
        errors.append(forbidden(f"{path}.additionalProperties", text))
    if of.embedded and not of.preserve and not of.properties:
        text = (
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
        )
        errors.append(required(f"{path}.properties", text))
    return errors


def _metadata_errors(of: Structural, path: str, level: str) -> Errors:
    errors: Errors = []
    if level != "root" and not of.embedded:
        return errors
    for key in ("kind", "apiVersion"):
        if key in of.properties and of.properties[key].type != "string":
            errors.append(invalid(f"{path}.properties[{key}].type", of.properties[key].type, "must be string"))
    metadata = of.properties.get("metadata")
    if metadata is None:
        return errors
    here = f"{path}.properties[metadata]"
    if metadata.type != "object":
        errors.append(invalid(f"{here}.type", metadata.type, "must be object"))
    allowed = set(metadata.raw) <= {"type", "properties", "description", "title"}
    if level == "root" and not (allowed and set(metadata.properties) <= {"name", "generateName"}):
        text = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        errors.append(forbidden(here, text))
    return errors


def _default_errors(of: Structural, path: str) -> Errors:
    """Defaults must be valid, and have no field that would be pruned."""
    errors: Errors = []
    if of.default is not None:
        pruned, _ = prune(of.default, of)
        if pruned != of.default:
            errors.append(invalid(f"{path}.default", of.default, "must not have unknown fields"))
        else:
            complete = defaulted(of.default, of)
            errors += [
                FieldError(
                    error.type, f"{path}.default{'.' + error.field if error.field else ''}", error.value, error.detail
                )
                for error in schema_errors(of.raw, complete)
            ]
    for key, inner in of.properties.items():
        errors += _default_errors(inner, f"{path}.properties[{key}]")
    if of.items is not None:
        errors += _default_errors(of.items, f"{path}.items")
    if of.additional is not None and isinstance(of.raw.get("additionalProperties"), dict):
        errors += _default_errors(of.additional, f"{path}.additionalProperties")
    return errors
