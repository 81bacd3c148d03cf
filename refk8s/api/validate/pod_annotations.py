"""Annotations that mean something to pods, by themselves and against the fields that replaced them.

Source: pkg/apis/core/validation/validation.go (ValidatePodSpecificAnnotations, ValidatePodSpecificAnnotationUpdates,
validateSeccompAnnotationsAndFields, validateAppArmorAnnotationsAndFieldsMatchOnCreate);
pkg/apis/core/annotation_key_constants.go; pkg/apis/core/helper/helpers.go.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from refk8s.api.validate.annotated import TOLERATION, annotated_list
from refk8s.api.validate.errors import Errors, child, forbidden, invalid
from refk8s.api.validate.pod_scheduling import tolerations
from refk8s.api.validate.pod_security import visit
from refk8s.api.validate.scalars import descending_path

Doc = Mapping[str, Any]
Annotations = Mapping[str, str]

MIRROR = "kubernetes.io/config.mirror"
DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
TOLERATIONS = "scheduler.alpha.kubernetes.io/tolerations"
SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"

_LOCALHOST = "localhost/"
_COST = re.compile("0|[1-9][0-9]*|-[0-9]+", re.ASCII)


def pod_annotations(found: Annotations | None, spec: Doc, path: str) -> Errors:
    """The annotations of a pod or template, in the order of their keys within each group."""
    if not found:
        return []
    errors: Errors = []
    if MIRROR in found and not spec.get("nodeName"):
        detail = "must set spec.nodeName if mirror pod annotation is set"
        errors.append(invalid(f"{path}[{MIRROR}]", found[MIRROR], detail))
    if found.get(TOLERATIONS):
        errors += _tolerations(found[TOLERATIONS], path)
    cost = found.get(DELETION_COST)
    if cost is not None and not (_COST.fullmatch(cost) and -(2**31) <= int(cost) < 2**31):
        errors.append(invalid(f"{path}[{DELETION_COST}]", cost, "must be a 32bit integer"))
    if SECCOMP_POD in found:
        errors += _seccomp(found[SECCOMP_POD], child(path, SECCOMP_POD))
    for key in sorted(found):
        if key.startswith(SECCOMP_CONTAINER):
            errors += _seccomp(found[key], child(path, key))
    for key in sorted(found):
        if key.startswith(APP_ARMOR):
            errors += _app_armor(key, found[key], spec, path)
    return errors


def changed_annotations(new: Annotations | None, old: Annotations | None, path: str) -> Errors:
    """AppArmor and mirror annotations stay as they were."""
    new, old = new or {}, old or {}
    if new is old:
        return []
    errors: Errors = []
    for key in sorted(old):
        if new.get(key) == old[key]:
            continue
        if key.startswith(APP_ARMOR):
            errors.append(forbidden(f"{path}[{key}]", "may not remove or update AppArmor annotations"))
        if key == MIRROR:
            errors.append(forbidden(f"{path}[{key}]", "may not remove or update mirror pod annotation"))
    for key in sorted(new):
        if key in old:
            continue
        if key.startswith(APP_ARMOR):
            errors.append(forbidden(f"{path}[{key}]", "may not add AppArmor annotations"))
        if key == MIRROR:
            errors.append(forbidden(f"{path}[{key}]", "may not add mirror pod annotation"))
    return errors


def fields_agree(found: Annotations | None, spec: Doc, path: str) -> Errors:
    """Where both the old annotation and the new field give a profile, they are the same; `path` is the spec's."""
    if not found:
        return []
    of_pod = spec.get("securityContext") or {}
    errors: Errors = []
    profile = of_pod.get("seccompProfile")
    if profile is not None and SECCOMP_POD in found:
        errors += _agrees("seccomp", profile, found[SECCOMP_POD], f"{path}.securityContext.seccompProfile")
    for container, at in visit(spec, path):
        profile = (container.get("securityContext") or {}).get("seccompProfile")
        annotation = found.get(SECCOMP_CONTAINER + container["name"])
        if profile is not None and annotation is not None:
            errors += _agrees("seccomp", profile, annotation, f"{at}.securityContext.seccompProfile")
    if (spec.get("os") or {}).get("name") == "windows":
        return errors
    for container, at in visit(spec, path):
        own = (container.get("securityContext") or {}).get("appArmorProfile")
        profile = of_pod.get("appArmorProfile") if own is None else own
        annotation = found.get(APP_ARMOR + container["name"])
        if profile is not None and annotation is not None:
            errors += _agrees("apparmor", profile, annotation, f"{at}.securityContext.appArmorProfile")
    return errors


def _agrees(what: str, profile: Doc, annotation: str, path: str) -> Errors:
    defaults = ("runtime/default", "docker/default") if what == "seccomp" else ("runtime/default",)
    kind = profile["type"]
    different = [forbidden(f"{path}.type", f"{what} type in annotation and field must match")]
    if kind == "Unconfined":
        return [] if annotation == "unconfined" else different
    if kind == "RuntimeDefault":
        return [] if annotation in defaults else different
    if kind != "Localhost":
        return []
    if not annotation.startswith(_LOCALHOST):
        return different
    if annotation.removeprefix(_LOCALHOST) == profile.get("localhostProfile"):
        return []
    return [forbidden(f"{path}.localhostProfile", f"{what} profile in annotation and field must match")]


def _tolerations(text: str, path: str) -> Errors:
    listed, problem = annotated_list(text, "Toleration", TOLERATION)
    if problem:
        return [invalid(path, TOLERATIONS, problem)]
    return tolerations(listed, child(path, TOLERATIONS))


def _seccomp(profile: str, path: str) -> Errors:
    if profile in ("runtime/default", "docker/default", "unconfined"):
        return []
    if profile.startswith(_LOCALHOST):
        return descending_path(profile.removeprefix(_LOCALHOST), path)
    return [invalid(path, profile, "must be a valid seccomp profile")]


def _app_armor(key: str, profile: str, spec: Doc, path: str) -> Errors:
    name = key.removeprefix(APP_ARMOR)
    errors: Errors = []
    if all(container["name"] != name for container, _ in visit(spec, "")):
        errors.append(invalid(f"{path}[{key}]", name, "container not found"))
    if profile not in ("", "runtime/default", "unconfined") and not profile.startswith(_LOCALHOST):
        errors.append(invalid(f"{path}[{key}]", profile, f'invalid AppArmor profile name: "{profile}"'))
    return errors
