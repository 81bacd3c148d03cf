"""What a CustomResourceDefinition serves: its versions as rows of the registry, each with a schema, a type, columns and paths.

Everything is made of the stored definition and kept with that version of it; nothing is global.
Source: apiextensions-apiserver/pkg/apiserver/customresource_{handler,discovery}.go, registry/customresource/{strategy,validator,etcd}.go,
registry/customresource/tableconvertor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import attrs

from refk8s.api import schema, tables
from refk8s.api.default.decode import DecodeError, decode
from refk8s.api.patch.gotext import go_text
from refk8s.api.registry import Resource
from refk8s.api.schema import Type
from refk8s.api.store import Store, Stored
from refk8s.api.tables.durations import since
from refk8s.api.validate.errors import Errors, invalid
from refk8s.api.validate.meta import SUBDOMAIN, checked, plain, plain_update

from . import jsonpath
from .definition import is_true
from .structural import Structural, defaulted, prune, structural, type_of, without_nulls
from .values import embedded_errors, list_errors, schema_errors

Doc = dict[str, Any]
DEFINITIONS: Final = "customresourcedefinitions"
GROUP: Final = "apiextensions.k8s.io"
VERBS: Final = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
SUBRESOURCE_VERBS: Final = ("get", "patch", "update")
_MAX_INT32: Final = 2**31 - 1


@attrs.frozen(eq=False)
class Scale:
    """The paths of a scale subresource, as names of fields; `selector` is () if there is none."""

    spec: tuple[str, ...]
    status: tuple[str, ...]
    selector: tuple[str, ...]
    texts: tuple[str, str, str]


@attrs.frozen(eq=False)
class Version:
    """One served version of a custom resource."""

    name: str
    storage: str
    stored_as: Structural
    raw: Mapping[str, Any]
    structural: Structural
    type: Type
    has_status: bool
    scale: Scale | None
    selectable: Mapping[str, tuple[jsonpath.Step, ...]]


@attrs.frozen(eq=False)
class Serving:
    """All that a definition serves: the rows by version, the storage version first."""

    rows: Mapping[str, Resource]
    storage: str
    terminating: bool


def serving(stored: Stored) -> Serving | None:
    """What a stored definition serves, None if its names are not accepted. Made once per version of the definition."""
    made = stored.kept(Serving, _serving)
    return made if made.rows else None


def _serving(document: Doc) -> Serving:
    if not (is_true(document, "NamesAccepted") or is_true(document, "Established")):
        return Serving({}, "", False)
    versions = document["spec"].get("versions") or ()
    storage = next((version["name"] for version in versions if version.get("storage")), "")
    rows = {
        version["name"]: _row(document, version, storage)
        for version in sorted(versions, key=lambda version: version["name"] != storage)
        if version.get("served")
    }
    return Serving(rows, storage, is_true(document, "Terminating"))


def row_of(store: Store, resource: str, version: str = "") -> Resource | None:
    """The row of a custom resource by its name (`widgets.example.com`) and version ("": the stored one, if it is served)."""
    stored = store.get(DEFINITIONS, resource)
    found = serving(stored) if stored is not None else None
    if found is None:
        return None
    return found.rows.get(version) if version else next(iter(found.rows.values()), None)


def rows(store: Store) -> Iterator[Resource]:
    """The rows of all custom resources that are served, by the names of their definitions."""
    for stored in store.collection(DEFINITIONS).objects.values():
        found = serving(stored)
        if found is not None:
            yield from found.rows.values()


def _row(document: Doc, version: Doc, storage: str) -> Resource:
    spec = document["spec"]
    names = (document.get("status") or {}).get("acceptedNames") or spec["names"]
    given = version.get("subresources") or {}
    subresources = {name: SUBRESOURCE_VERBS for name in ("status", "scale") if given.get(name) is not None}
    made = _version(document, version, storage)
    fields = {path: path for path in made.selectable}
    namespaced = spec["scope"] == "Namespaced"
    always = ("metadata.name", "metadata.namespace") if namespaced else ("metadata.name",)
    return Resource(
        names["plural"],
        names["kind"],
        spec["group"],
        version["name"],
        namespaced=namespaced,
        singular=names.get("singular", ""),
        short_names=tuple(names.get("shortNames") or ()),
        categories=tuple(names.get("categories") or ()),
        verbs=VERBS,
        subresources=subresources,
        unconditional_update=False,
        returns_deleted=False,
        fields={**{name: name for name in always}, **fields},
        storage_key=document["metadata"]["name"],
        storage_version=storage,
        custom=True,
        printer=_printer(version),
        list_kind_name=names.get("listKind", ""),
        definition=made,
        deprecation=_deprecation(spec, version),
    )


def _deprecation(spec: Doc, version: Doc) -> str:
    """The warning that every request for the version gets."""
    if not version.get("deprecated"):
        return ""
    text = version.get("deprecationWarning")
    return f"{spec['group']}/{version['name']} {spec['names']['kind']} is deprecated" if text is None else str(text)


def _version(document: Doc, version: Doc, storage: str) -> Version:
    raw = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    made = structural(raw)
    stored_as = made if version["name"] == storage else structural(_schema_of(document, storage))
    given = version.get("subresources") or {}
    scale = given.get("scale")
    selectable = {}
    for field in version.get("selectableFields") or ():
        steps = jsonpath.parse(field["jsonPath"])
        if steps is not None:
            selectable[field["jsonPath"].removeprefix(".")] = steps
    return Version(
        name=version["name"],
        storage=storage,
        stored_as=stored_as,
        raw=raw,
        structural=made,
        type=type_of(made),
        has_status=given.get("status") is not None,
        scale=_scale(scale) if scale is not None else None,
        selectable=selectable,
    )


def _schema_of(document: Doc, name: str) -> Doc:
    version: Doc = next((version for version in document["spec"]["versions"] if version["name"] == name), {})
    found: Doc = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    return found


def _scale(scale: Doc) -> Scale:
    texts = (scale["specReplicasPath"], scale["statusReplicasPath"], scale.get("labelSelectorPath") or "")
    spec, status, selector = (tuple(text.removeprefix(".").split(".")) if text else () for text in texts)
    return Scale(spec, status, selector, texts)


# ---- bodies


def read(row: Resource, body: Doc) -> tuple[Doc, tuple[str, ...]]:
    """(a body as the API server holds it: pruned and defaulted; the paths of fields that were dropped). Raises DecodeError."""
    of: Structural = row.definition.structural
    unknown: tuple[str, ...] = ()
    metadata = body.get("metadata")
    if metadata is not None:
        try:
            made = decode(schema.named("meta.v1.ObjectMeta"), metadata)
        except DecodeError as error:
            raise DecodeError(str(error)) from None
        unknown = tuple(f"metadata.{path}" for path in made.unknown)
        metadata = made.doc
    value, dropped = prune(body, of, root=True)
    coerced: list[str] = []
    value = {key: _coerced(item, of.properties.get(key) or of.additional, key, coerced) for key, item in value.items()}
    dropped = tuple(sorted((*dropped, *coerced)))
    value = defaulted(without_nulls(value, of), of)
    document: Doc = {name: body[name] for name in ("apiVersion", "kind") if name in body}
    if metadata is not None:
        document["metadata"] = metadata
    document |= {name: item for name, item in value.items() if name not in document and name != "metadata"}
    return document, (*unknown, *dropped)


def _coerced(value: Any, of: Structural | None, at: str, unknown: list[str]) -> Any:
    """The value with the metadata of the objects in it as Go reads it. Source: apiserver/schema/objectmeta/algorithm.go, coerce."""
    if of is None or not isinstance(value, (dict, list)):
        return value
    if isinstance(value, list):
        return [_coerced(item, of.items, f"{at}[{index}]", unknown) for index, item in enumerate(value)]
    made: Doc = {}
    for key, item in value.items():
        here = f"{at}.{key}"
        if of.embedded and key in ("apiVersion", "kind") and not isinstance(item, str):
            raise DecodeError(str(invalid(here, item, "must be a string")))
        if of.embedded and key == "metadata":
            if item is None:
                made[key] = {}
                continue
            try:
                read_ = decode(schema.named("meta.v1.ObjectMeta"), item)
            except DecodeError as error:
                raise DecodeError(str(invalid(here, item, str(error)))) from None
            unknown += [f"{here}.{path}" for path in read_.unknown]
            made[key] = {name: part for name, part in read_.doc.items() if name != "creationTimestamp" or part}
            continue
        inner = of.properties.get(key)
        made[key] = _coerced(item, inner or of.additional, here if inner else f"{at}[{key}]", unknown)
    return made


def as_requested(row: Resource, document: Doc) -> Doc:
    """A stored object in the version of the row."""
    return _converted(document, row.api_version, row.definition.structural)


def as_stored(row: Resource, document: Doc) -> Doc:
    """An object of the row's version as the store keeps it."""
    return _converted(document, f"{row.group}/{row.definition.storage}", row.definition.stored_as)


def _converted(document: Doc, api_version: str, of: Structural) -> Doc:
    """The object in another version: nothing differs but the apiVersion and what the other schema does not know.

    Source: customresource_handler.go, schemaCoercingConverter.
    """
    if document.get("apiVersion") == api_version:
        return document
    pruned, _ = prune(document, of, root=True)
    made: Doc = without_nulls(pruned, of)
    return {**made, "apiVersion": api_version}


# ---- strategy


def prepare_create(row: Resource, document: Doc) -> Doc:
    """A new object: without a status, if that is a subresource."""
    made = {name: value for name, value in document.items() if not (name == "status" and row.definition.has_status)}
    return {**made, "metadata": {**document["metadata"], "generation": 1}}


def prepare_update(row: Resource, new: Doc, old: Doc) -> Doc:
    """A changed object with the old status, if that is a subresource; the generation counts changes of all but metadata."""
    if row.definition.has_status:
        new = {name: value for name, value in new.items() if name != "status"}
        if "status" in old:
            new["status"] = old["status"]
    metadata = {**new["metadata"], "generation": old["metadata"].get("generation", 1)}
    if any(new.get(name) != old.get(name) for name in {*new, *old} - {"metadata", "apiVersion"}):
        metadata["generation"] += 1
    return {**new, "metadata": metadata}


def prepare_status_update(new: Doc, old: Doc) -> Doc:
    """The old object with the new status."""
    metadata = {name: value for name, value in old["metadata"].items() if name != "managedFields"}
    for name in ("managedFields", "resourceVersion"):
        if name in new["metadata"]:
            metadata[name] = new["metadata"][name]
    made = {name: value for name, value in old.items() if name != "status"}
    if "status" in new:
        made["status"] = new["status"]
    return {**made, "apiVersion": new["apiVersion"], "metadata": metadata}


def validate_create(row: Resource, document: Doc) -> Errors:
    """What is wrong with a new object."""
    errors = _kind_errors(row, document)
    if errors:
        return errors
    version: Version = row.definition
    errors = plain(checked(document["metadata"]), SUBDOMAIN, namespaced=row.namespaced)
    errors += schema_errors(version.raw, document) + _scale_errors(version, document, ("spec", "status"))
    return errors + embedded_errors(version.structural, document) + list_errors(version.structural, document)


def validate_update(row: Resource, new: Doc, old: Doc) -> Errors:
    """What is wrong with a changed object; what has not changed is not looked at."""
    errors = _kind_errors(row, new)
    if errors:
        return errors
    version: Version = row.definition
    errors = plain_update(checked(new["metadata"]), old["metadata"])
    errors += schema_errors(version.raw, new, "", old) + _scale_errors(version, new, ("spec", "status"))
    errors += embedded_errors(version.structural, new)
    return errors + _new_list_errors(version, new, old)


def validate_status_update(row: Resource, new: Doc, old: Doc) -> Errors:
    """What is wrong with a changed status."""
    version: Version = row.definition
    errors = plain_update(checked(new["metadata"]), old["metadata"])
    inner = (version.raw.get("properties") or {}).get("status")
    if "status" in new and isinstance(inner, dict):
        found = schema_errors(inner, new["status"], "", old.get("status", object()))
        errors += [attrs.evolve(error, field=_below("status", error.field)) for error in found]
    errors += _scale_errors(version, new, ("status",))
    return errors + _new_list_errors(version, new, old)


def _below(path: str, field: str) -> str:
    return path if field in ("<nil>", "") else f"{path}.{field}"


def _new_list_errors(version: Version, new: Doc, old: Doc) -> Errors:
    errors = list_errors(version.structural, new)
    return [] if errors and list_errors(version.structural, old) else errors


def _kind_errors(row: Resource, document: Doc) -> Errors:
    errors = []
    if document.get("kind") != row.kind:
        errors.append(invalid("kind", document.get("kind"), f"must be {row.kind}"))
    if document.get("apiVersion") != row.api_version:
        errors.append(invalid("apiVersion", document.get("apiVersion"), f"must be {row.api_version}"))
    return errors


def _scale_errors(version: Version, document: Doc, parts: tuple[str, ...]) -> Errors:
    scale = version.scale
    if scale is None:
        return []
    errors: Errors = []
    for part, path, text in (("spec", scale.spec, scale.texts[0]), ("status", scale.status, scale.texts[1])):
        value = value_at(document, path)
        if part not in parts or value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int):
            shown = f".{'.'.join(path)} accessor error: {go_text(value)} is of the type {_go(value)}, expected int64"
            errors.append(invalid(text, 0, shown))
        elif value < 0:
            errors.append(invalid(text, value, "should be a non-negative integer"))
        elif value > _MAX_INT32:
            errors.append(invalid(text, value, f"should be less than or equal to {_MAX_INT32}"))
    return errors


def _go(value: Any) -> str:
    kinds = ((bool, "bool"), (str, "string"), (int, "int64"), (float, "float64"), (list, "[]interface {}"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "map[string]interface {}")


def value_at(document: Any, path: tuple[str, ...]) -> Any:
    """What a path of field names leads to, None if nothing."""
    for part in path:
        if not isinstance(document, dict):
            return None
        document = document.get(part)
    return document


def with_value_at(document: Doc, path: tuple[str, ...], value: Any) -> Doc:
    """The document with a value at a path of field names."""
    first, *rest = path
    if not rest:
        return {**document, first: value}
    below = document.get(first)
    return {**document, first: with_value_at(below if isinstance(below, dict) else {}, tuple(rest), value)}


# ---- tables


def _printer(version: Doc) -> tuple[list[Doc], Callable[[Doc, int], list[Any]]]:
    given = version.get("additionalPrinterColumns") or [
        {
            "name": "Age",
            "type": "date",
            "jsonPath": ".metadata.creationTimestamp",
            "description": tables.described("Age"),
        }
    ]
    columns = [tables.column("Name", "string", tables.described("Name"), form="name")]
    paths: list[tuple[str, tuple[jsonpath.Step, ...]]] = []
    for one in given:
        text = f"Custom resource definition column (in JSONPath format): {one['jsonPath']}"
        description = one.get("description") or text
        priority = one.get("priority", 0)
        columns.append(
            tables.column(one["name"], one["type"], description, form=one.get("format", ""), priority=priority)
        )
        paths.append((one["type"], jsonpath.parse(one["jsonPath"]) or (("key", ""),)))

    def cells(document: Doc, now_ms: int) -> list[Any]:
        name = document["metadata"].get("name", "")
        return [name, *(_cell(kind, jsonpath.find(steps, document), now_ms) for kind, steps in paths)]

    return columns, cells


def _cell(kind: str, found: list[Any], now_ms: int) -> Any:
    if not found:
        return None
    value = found[0]
    if kind == "string":
        return _printed(value)
    if value is None or isinstance(value, bool):
        return value if kind == "boolean" else None
    if kind == "integer" and isinstance(value, int | float):
        return int(value)
    if kind == "number" and isinstance(value, int | float):
        return value
    if kind == "date" and isinstance(value, str):
        try:
            return since(value, now_ms)
        except ValueError:
            return "<invalid>"
    return None


def _printed(value: Any) -> str:
    """A value as client-go's jsonpath prints it: containers as JSON, all else as Go's %v."""
    if isinstance(value, dict | list):
        import json

        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "" if value is None else go_text(value)
