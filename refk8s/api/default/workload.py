"""Defaults of Deployments and ReplicaSets. Source: pkg/apis/apps/v1/{defaults,conversion}.go."""

from __future__ import annotations

from refk8s.api.default.pod import default_template
from refk8s.api.default.sharing import Doc, changed, with_missing, with_value

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


def _template(spec: Doc) -> Doc:
    return changed(spec, "template", default_template)
