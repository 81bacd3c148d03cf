"""Defaults of what makes pods from a template. Source: pkg/apis/apps/v1/{defaults,conversion}.go; pkg/apis/core/v1/defaults.go."""

from __future__ import annotations

import re

from refk8s.api.default.claim import default_claim
from refk8s.api.default.decode import DecodeError
from refk8s.api.default.pod import default_template
from refk8s.api.default.sharing import Doc, changed, each_under, with_missing, with_value

TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""The annotation that holds what DaemonSets once had as spec.templateGeneration."""

_QUARTER = {"maxUnavailable": "25%", "maxSurge": "25%"}
_DEPLOYMENT = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}


def default_deployment(deployment: Doc) -> Doc:
    """A decoded Deployment with its defaults."""
    return changed(deployment, "spec", _deployment_spec)


def default_replica_set(replica_set: Doc) -> Doc:
    """A decoded ReplicaSet with its defaults."""
    return changed(replica_set, "spec", lambda spec: _template(with_missing(spec, {"replicas": 1})))


def _deployment_spec(spec: Doc) -> Doc:
    spec = with_missing(spec, _DEPLOYMENT)
    return _template(changed(spec, "strategy", _strategy))


def _strategy(strategy: Doc) -> Doc:
    strategy = with_missing(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    rolling = strategy.get("rollingUpdate") or {}
    return with_value(strategy, "rollingUpdate", with_missing(rolling, _QUARTER))


def default_daemon_set(daemon_set: Doc) -> Doc:
    """A decoded DaemonSet with its defaults. Raises DecodeError if the generation of its template is no number."""
    return changed(changed(daemon_set, "spec", _daemon_spec), "metadata", _with_template_generation)


def default_stateful_set(stateful_set: Doc) -> Doc:
    """A decoded StatefulSet with its defaults."""
    return changed(stateful_set, "spec", _stateful_spec)


def default_replication_controller(controller: Doc) -> Doc:
    """A decoded ReplicationController: without a selector or labels it takes those of its template."""
    controller = changed(controller, "spec", _controller_spec)
    labels = ((controller["spec"].get("template") or {}).get("metadata") or {}).get("labels")
    return changed(controller, "metadata", lambda metadata: with_labels(metadata, labels))


def default_pod_template(template: Doc) -> Doc:
    """A decoded PodTemplate with the defaults of its template."""
    return changed(template, "template", default_template)


def with_labels(metadata: Doc, labels: Doc | None) -> Doc:
    """Metadata without labels of its own takes the given ones: the very object, which shows that they were not given."""
    return {**metadata, "labels": labels} if labels and not metadata.get("labels") else metadata


def _daemon_spec(spec: Doc) -> Doc:
    spec = with_missing(spec, {"revisionHistoryLimit": 10})
    return _template(changed(spec, "updateStrategy", _daemon_strategy))


def _daemon_strategy(strategy: Doc) -> Doc:
    strategy = with_missing(strategy, {"type": "RollingUpdate"})
    if strategy["type"] != "RollingUpdate":
        return strategy
    rolling = with_missing(strategy.get("rollingUpdate") or {}, {"maxUnavailable": 1, "maxSurge": 0})
    return with_value(strategy, "rollingUpdate", rolling)


def _with_template_generation(metadata: Doc) -> Doc:
    annotations = metadata.get("annotations") or {}
    given = annotations.get(TEMPLATE_GENERATION, "0")
    if not re.fullmatch("[+-]?[0-9]+", given, re.ASCII):
        raise DecodeError(f'strconv.ParseInt: parsing "{given}": invalid syntax')
    generation = str(int(given))
    if annotations.get(TEMPLATE_GENERATION) == generation:
        return metadata
    return {**metadata, "annotations": {**annotations, TEMPLATE_GENERATION: generation}}


_RETAINED = {"whenDeleted": "Retain", "whenScaled": "Retain"}


def _stateful_spec(spec: Doc) -> Doc:
    spec = with_missing(spec, {"podManagementPolicy": "OrderedReady", "replicas": 1, "revisionHistoryLimit": 10})
    spec = changed(spec, "updateStrategy", _stateful_strategy)
    policy = with_missing(spec.get("persistentVolumeClaimRetentionPolicy") or {}, _RETAINED)
    spec = with_value(spec, "persistentVolumeClaimRetentionPolicy", policy)
    return _template(each_under(spec, "volumeClaimTemplates", _claim_template))


def _stateful_strategy(strategy: Doc) -> Doc:
    if "type" not in strategy:
        strategy = {**strategy, "type": "RollingUpdate", "rollingUpdate": strategy.get("rollingUpdate") or {}}
    if strategy["type"] != "RollingUpdate" or strategy.get("rollingUpdate") is None:
        return strategy
    rolling = with_missing(strategy["rollingUpdate"], {"partition": 0})
    return with_value(strategy, "rollingUpdate", rolling)


def _claim_template(claim: Doc) -> Doc:
    if claim.get("kind") != "PersistentVolumeClaim" or claim.get("apiVersion") != "v1":
        claim = {**claim, "kind": "PersistentVolumeClaim", "apiVersion": "v1"}
    return default_claim(claim)


def _controller_spec(spec: Doc) -> Doc:
    spec = _template(with_missing(spec, {"replicas": 1}))
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    return with_value(spec, "selector", labels) if labels and not spec.get("selector") else spec


def _template(spec: Doc) -> Doc:
    return changed(spec, "template", default_template)
