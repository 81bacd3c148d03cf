"""Adoption and release, and what is written for them."""

import pytest

from refk8s.controllers.decisions_claim import (
    ADOPT,
    IGNORE,
    KEEP,
    RELEASE,
    adopt_patch,
    adoption_refusal,
    aggregate,
    claim,
    is_claimed,
    recheck,
    release_patch,
)
from refk8s.kinds.meta import ObjectMeta, OwnerReference
from refk8s.kinds.selector import from_labels

OWNER = ObjectMeta(name="rs", namespace="default", uid="1")
DELETING = ObjectMeta(name="rs", namespace="default", uid="1", deletion_timestamp="2026-01-01T00:00:00Z")
WEB = from_labels({"app": "web"})


def dependent(owner_uid="", labels=None, namespace="default", deletion_timestamp=""):
    references = (OwnerReference(uid=owner_uid, controller=True),) if owner_uid else ()
    return ObjectMeta(
        name="p",
        namespace=namespace,
        uid="p1",
        labels={"app": "web"} if labels is None else labels,
        owner_references=references,
        deletion_timestamp=deletion_timestamp,
    )


@pytest.mark.parametrize(
    ("owner", "obj", "verdict"),
    [
        (OWNER, dependent("1"), KEEP),
        (DELETING, dependent("1"), KEEP),
        (OWNER, dependent("1", labels={}), RELEASE),
        (DELETING, dependent("1", labels={}), IGNORE),
        (OWNER, dependent("2"), IGNORE),
        (OWNER, dependent(), ADOPT),
        (OWNER, dependent(labels={}), IGNORE),
        (DELETING, dependent(), IGNORE),
        (OWNER, dependent(deletion_timestamp="2026-01-01T00:00:00Z"), IGNORE),
        (OWNER, dependent(namespace="other"), IGNORE),
    ],
)
def test_claims(owner, obj, verdict):
    assert claim(owner, WEB, obj) == verdict


def test_an_owner_that_is_no_controller_does_not_count():
    obj = ObjectMeta(namespace="default", labels={"app": "web"}, owner_references=(OwnerReference(uid="1"),))
    assert claim(OWNER, WEB, obj) == ADOPT
    assert not is_claimed(OWNER, WEB, obj)
    assert is_claimed(OWNER, WEB, dependent("1"))


def test_patches_name_the_uid_of_the_object_they_mean():
    assert release_patch(OWNER, "p1") == {
        "metadata": {"uid": "p1", "ownerReferences": [{"$patch": "delete", "uid": "1"}]}
    }
    (reference,) = adopt_patch(OWNER, "apps/v1", "ReplicaSet", "p1")["metadata"]["ownerReferences"]
    assert reference == {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": "rs",
        "uid": "1",
        "controller": True,
        "blockOwnerDeletion": True,
    }


def test_a_live_owner_that_is_gone_or_going_must_not_adopt():
    assert recheck(OWNER, "ReplicaSet", OWNER) == ""
    assert recheck(OWNER, "ReplicaSet", DELETING) == (
        "default/rs has just been deleted at 2026-01-01 00:00:00 +0000 UTC"
    )
    other = ObjectMeta(name="rs", namespace="default", uid="9")
    why = recheck(OWNER, "ReplicaSet", other)
    assert why == "can't recheck DeletionTimestamp: original ReplicaSet default/rs is gone: got uid 9, wanted 1"
    assert adoption_refusal("Pod", dependent(), why) == f"can't adopt Pod default/p (p1): {why}"


def test_errors_are_told_once_each():
    assert aggregate(["a", "a"]) == "a"
    assert aggregate(["a", "b"]) == "[a, b]"
