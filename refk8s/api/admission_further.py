"""Admission of claims, volumes and ingresses; loaded when one of them is first written.

Plugins: StorageObjectInUseProtection, DefaultStorageClass, DefaultIngressClass; and of the validating half
PersistentVolumeClaimResize.
Source: plugin/pkg/admission/{storage/*,network/defaultingressclass}.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from refk8s.api.status import Rejected, forbidden
from refk8s.kinds.quantity import parse

if TYPE_CHECKING:
    from refk8s.api.admission import Lister, Operation

Doc = dict[str, Any]

_PROTECTION: Final = {
    "PersistentVolume": "kubernetes.io/pv-protection",
    "PersistentVolumeClaim": "kubernetes.io/pvc-protection",
}
_DEFAULT_CLASS: Final = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
_DEFAULT_INGRESS_CLASS: Final = "ingressclass.kubernetes.io/is-default-class"
_STORAGE_CLASS: Final = "volume.beta.kubernetes.io/storage-class"
_INGRESS_CLASS: Final = "kubernetes.io/ingress.class"


def admit_further(kind: str, operation: Operation, doc: Doc, lookup: Lister) -> Doc:
    """The document as admission leaves it. Raises Rejected (403)."""
    if operation != "CREATE":
        return doc
    if kind == "Ingress":
        return _with_ingress_class(doc, lookup)
    if kind == "PersistentVolumeClaim":
        doc = _with_storage_class(doc, lookup)
    return _protected(doc, _PROTECTION[kind])


def check_resize(new: Doc, old: Doc, lookup: Lister) -> None:
    """A bound claim grows only if its storage class allows it. Raises Rejected (403)."""
    sizes = [
        parse((((claim.get("spec") or {}).get("resources") or {}).get("requests") or {}).get("storage") or "0")
        for claim in (new, old)
    ]
    if sizes[0].compare(sizes[1]) <= 0:
        return
    if (old.get("status") or {}).get("phase") != "Bound":
        raise _refused(new, "Only bound persistent volume claims can be expanded")
    name = _class_of(new)
    found = lookup.get("StorageClass", "", name) if name and name == _class_of(old) else None
    if found is None or not found.get("allowVolumeExpansion"):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support "
            "resize"
        )
        raise _refused(new, why)


def _class_of(claim: Doc) -> str:
    annotations = claim["metadata"].get("annotations") or {}
    return str(annotations.get(_STORAGE_CLASS) or claim["spec"].get("storageClassName") or "")


def _refused(claim: Doc, why: str) -> Rejected:
    return Rejected(forbidden("", "persistentvolumeclaims", claim["metadata"].get("name") or "", why))


def _protected(doc: Doc, finalizer: str) -> Doc:
    metadata = doc["metadata"]
    finalizers = metadata.get("finalizers") or []
    if finalizer in finalizers:
        return doc
    return {**doc, "metadata": {**metadata, "finalizers": [*finalizers, finalizer]}}


def _with_storage_class(claim: Doc, lookup: Lister) -> Doc:
    """A claim without a class gets the default one, of several the newest."""
    spec = claim.get("spec") or {}
    if "storageClassName" in spec or _STORAGE_CLASS in (claim["metadata"].get("annotations") or {}):
        return claim
    defaults = [found for found in lookup.list("StorageClass") if _is_default(found, _DEFAULT_CLASS)]
    if not defaults:
        return claim
    return {**claim, "spec": {**spec, "storageClassName": _newest(defaults)}}


def _with_ingress_class(ingress: Doc, lookup: Lister) -> Doc:
    """An ingress without a class gets the default one, of several the newest."""
    spec = ingress.get("spec") or {}
    if "ingressClassName" in spec or _INGRESS_CLASS in (ingress["metadata"].get("annotations") or {}):
        return ingress
    defaults = [found for found in lookup.list("IngressClass") if _is_default(found, (_DEFAULT_INGRESS_CLASS,))]
    if not defaults:
        return ingress
    return {**ingress, "spec": {**spec, "ingressClassName": _newest(defaults)}}


def _is_default(found: Doc, annotations: tuple[str, ...]) -> bool:
    own = found["metadata"].get("annotations") or {}
    return any(own.get(key) == "true" for key in annotations)


def _newest(found: list[Doc]) -> str:
    """The name of the newest, by name among those of one age."""
    ordered = sorted(found, key=lambda doc: str(doc["metadata"]["name"]))
    newest = max(str(doc["metadata"].get("creationTimestamp") or "") for doc in ordered)
    return next(
        str(doc["metadata"]["name"]) for doc in ordered if (doc["metadata"].get("creationTimestamp") or "") == newest
    )
