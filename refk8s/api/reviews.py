"""Questions about access, answered at once and kept nowhere: everybody may do everything, because nothing here authorises.

Source: pkg/registry/authorization/selfsubjectaccessreview/rest.go; pkg/registry/authentication/selfsubjectreview/rest.go; AlwaysAllow.
"""

from __future__ import annotations

from typing import Any, Final

from .endpoints import Http, Refused
from .registry import Resource
from .status import bad_request, generic
from .strict import read_json

_AUTHORIZATION: Final = "authorization.k8s.io/v1"
_AUTHENTICATION: Final = "authentication.k8s.io/v1"
USER: Final = {"username": "system:admin", "groups": ["system:masters", "system:authenticated"]}
_ALLOWED: Final = {"allowed": True}
_EVERYTHING: Final = {
    "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
    "incomplete": False,
}

_REVIEWS: Final[dict[str, tuple[str, str, Any]]] = {
    f"/apis/{_AUTHORIZATION}/selfsubjectaccessreviews": (_AUTHORIZATION, "SelfSubjectAccessReview", _ALLOWED),
    f"/apis/{_AUTHORIZATION}/subjectaccessreviews": (_AUTHORIZATION, "SubjectAccessReview", _ALLOWED),
    f"/apis/{_AUTHORIZATION}/selfsubjectrulesreviews": (_AUTHORIZATION, "SelfSubjectRulesReview", _EVERYTHING),
    f"/apis/{_AUTHENTICATION}/selfsubjectreviews": (_AUTHENTICATION, "SelfSubjectReview", {"userInfo": USER}),
}

ROWS: Final = tuple(
    Resource(
        kind.lower() + "s", kind, version.partition("/")[0], namespaced=False, singular=kind.lower(), verbs=("create",)
    )
    for version, kind, _ in _REVIEWS.values()
)
"""Their rows in discovery."""


def answer(http: Http) -> dict[str, Any] | None:
    """The review with its answer, None for another path. Raises Refused."""
    found = _REVIEWS.get(http.path.removesuffix("/"))
    if found is None:
        return None
    if http.method != "POST":
        raise Refused.by(generic(405))
    api_version, kind, status = found
    try:
        body = read_json(http.body) if isinstance(http.body, str) else http.body
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("kind", kind) != kind:
        raise Refused.by(bad_request(f"the body is no {kind} in version {api_version}"))
    metadata = body.get("metadata") if isinstance(body.get("metadata"), dict) else {}
    spec = {"spec": body["spec"]} if "spec" in body else {}
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata, **spec, "status": status}
