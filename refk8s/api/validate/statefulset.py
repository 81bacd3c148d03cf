"""StatefulSets. Source: pkg/apis/apps/validation/validation.go, ValidateStatefulSet*."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from refk8s.api.default.sharing import without
from refk8s.api.validate.deployment import amount, at_most_everything, count_or_percent, shown
from refk8s.api.validate.errors import Errors, forbidden, invalid, named, not_supported, required
from refk8s.api.validate.go_json import go_tree, selector_tree
from refk8s.api.validate.meta import LABEL, Checked, annotation_map, full, full_update, label_map, not_negative
from refk8s.api.validate.pod_annotations import pod_annotations
from refk8s.api.validate.replicaset import at_most_all, collisions, counts
from refk8s.api.validate.scalars import label_1123
from refk8s.api.validate.semantic import semantically_equal
from refk8s.api.validate.template import mismatch, runs_forever, template_spec
from refk8s.api.validate.volume_claim import claim_spec
from refk8s.kinds.codec import view
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.selector import SelectorError, from_object
from refk8s.kinds.selector import validate as validate_selector

Doc = Mapping[str, Any]

_COUNTS = ("replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
_CHANGEABLE = (
    *("replicas", "template", "updateStrategy", "minReadySeconds", "ordinals", "revisionHistoryLimit"),
    "persistentVolumeClaimRetentionPolicy",
)
_FROZEN = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def create(stateful_set: Doc, meta: Checked) -> Errors:
    """A new StatefulSet; its name begins host names."""
    return full(meta, LABEL, namespaced=True) + _spec(stateful_set["spec"], new=True)


def update(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed StatefulSet: most of its spec stays; a template is checked only if the old spec was valid."""
    spec, before = new["spec"], old["spec"]
    lenient = bool(_spec(before, new=False))
    errors = full_update(meta, old["metadata"]) + _spec(spec, new=False, check_template=not lenient)
    kept = (without(dict(part), *_CHANGEABLE) for part in (spec, before))
    if not semantically_equal(*kept):
        errors.append(forbidden("spec", _FROZEN))
    return errors


def update_status(new: Doc, old: Doc, meta: Checked) -> Errors:
    """A changed status."""
    status, before = new.get("status") or {}, old.get("status") or {}
    errors = counts(status, _COUNTS, ("observedGeneration", "collisionCount"))
    keys = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    errors += at_most_all(status, keys, ready="status.readyReplicas")
    return errors + full_update(meta, old["metadata"]) + collisions(status, before)


def _spec(spec: Doc, *, new: bool, check_template: bool = True) -> Errors:
    policy = spec.get("podManagementPolicy") or ""
    errors: Errors = []
    if not policy:
        errors.append(required("spec.podManagementPolicy"))
    elif policy not in ("OrderedReady", "Parallel"):
        errors.append(invalid("spec.podManagementPolicy", named(policy), "must be 'OrderedReady' or 'Parallel'"))
    errors += _strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy")
    retention = spec.get("persistentVolumeClaimRetentionPolicy") or {}
    for key in ("whenDeleted", "whenScaled"):
        if retention.get(key) not in ("Retain", "Delete"):
            path = f"spec.persistentVolumeClaimRetentionPolicy.{key}"
            errors.append(not_supported(path, named(retention.get(key) or ""), ("Retain", "Delete")))
    if new:
        for i, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
            errors += claim_spec(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{i}].spec")
    errors += not_negative(spec.get("replicas") or 0, "spec.replicas")
    errors += not_negative(spec.get("minReadySeconds") or 0, "spec.minReadySeconds")
    if spec.get("ordinals") is not None:
        errors += not_negative(spec["ordinals"].get("start") or 0, "spec.ordinals.start")
    if new and spec.get("serviceName"):
        errors += label_1123(spec["serviceName"], "spec.serviceName")
    errors += _selector_and_template(spec, check_template=check_template)
    return errors + runs_forever(spec.get("template") or {}, "StatefulSet", "spec.template")


def _strategy(strategy: Doc, path: str) -> Errors:
    kind, rolling = strategy.get("type") or "", strategy.get("rollingUpdate")
    if not kind:
        return [required(path)]
    if kind == "OnDelete":
        if rolling is None:
            return []
        tree = go_tree("RollingUpdateStatefulSetStrategy", rolling)
        return [invalid(f"{path}.rollingUpdate", tree, "only allowed for updateStrategy 'RollingUpdate'")]
    if kind != "RollingUpdate":
        tree = go_tree("StatefulSetUpdateStrategy", strategy)
        return [invalid(path, tree, "must be 'RollingUpdate' or 'OnDelete'")]
    if rolling is None:
        return []
    errors = not_negative(rolling.get("partition") or 0, f"{path}.rollingUpdate.partition")
    unavailable, at = rolling.get("maxUnavailable"), f"{path}.rollingUpdate.maxUnavailable"
    if unavailable is not None:
        errors += count_or_percent(unavailable, at)
        if amount(unavailable) == 0:
            errors.append(invalid(at, shown(unavailable), "cannot be 0"))
        errors += at_most_everything(unavailable, at)
    return errors


def _selector_and_template(spec: Doc, *, check_template: bool) -> Errors:
    selector, path = spec.get("selector"), "spec.selector"
    found = None if selector is None else view(LabelSelector, selector)
    errors: Errors = []
    if selector is None:
        errors.append(required(path))
    else:
        errors += validate_selector(found, path)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            errors.append(invalid(path, selector_tree(selector), "empty selector is invalid for statefulset"))
    try:
        selects = from_object(found)
    except SelectorError:
        return [*errors, invalid(path, selector_tree(selector), "")]
    template = _as_pods_have_it(spec)
    meta, pod_spec, at = template.get("metadata") or {}, template.get("spec") or {}, "spec.template"
    errors += mismatch(meta, selects, at)
    if check_template:
        errors += template_spec(meta, pod_spec, at)
    annotations = meta.get("annotations")
    errors += label_map(meta.get("labels"), f"{at}.labels") + annotation_map(annotations, f"{at}.annotations")
    return errors + pod_annotations(annotations, pod_spec, f"{at}.annotations")


def _as_pods_have_it(spec: Doc) -> Doc:
    """The template as the controller will change it: host names of its own, volumes for the claims."""
    template: Doc = spec.get("template") or {}
    pod_spec = dict(template.get("spec") or {})
    claims = sorted({claim["metadata"].get("name") or "" for claim in spec.get("volumeClaimTemplates") or ()})
    if not claims and not pod_spec.get("subdomain") and not pod_spec.get("hostname"):
        return template
    pod_spec = without(pod_spec, "subdomain", "hostname")
    if claims:
        made = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
        others = [volume for volume in pod_spec.get("volumes") or () if volume["name"] not in claims]
        pod_spec["volumes"] = [*made, *others]
    return {**template, "spec": pod_spec}
