"""Decoding: types, canonical spelling, unknown fields, sharing."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from refk8s.api import schema
from refk8s.api.default import DecodeError
from refk8s.api.default.decode import decode

Doc = dict[str, Any]


def pod(**spec: Any) -> Doc:
    container = {"name": "c", "image": "x", "resources": {}}
    return {"metadata": {"name": "p"}, "spec": {"containers": [container], **spec}, "status": {}}


def decoded(kind: str, doc: Doc) -> Doc:
    return decode(schema.of_kind(kind), doc).doc


def test_canonical_document_is_returned_itself() -> None:
    doc = pod()
    assert decoded("Pod", doc) is doc


def test_input_is_never_changed_and_unchanged_parts_are_shared() -> None:
    doc = pod(nodeName="")
    before = copy.deepcopy(doc)
    new = decoded("Pod", doc)
    assert doc == before
    assert new["metadata"] is doc["metadata"]
    assert "nodeName" not in new["spec"]


@pytest.mark.parametrize("empty", [None, "", {}, []])
def test_nulls_and_empty_values_go(empty: Any) -> None:
    fields = {"": "nodeName", "{}": "nodeSelector", "[]": "tolerations", "None": "nodeName"}
    assert decoded("Pod", pod(**{fields[str(empty)]: empty})) == pod()


def test_structs_and_fields_without_omitempty_appear() -> None:
    doc = decoded("Pod", {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "x"}]}})
    assert doc == pod()
    status = {"containerStatuses": [{"name": "c"}], "conditions": [{"type": "Ready", "status": "True"}]}
    found = decoded("Pod", {**pod(), "status": status})["status"]
    assert found["conditions"][0]["lastProbeTime"] is None
    assert found["containerStatuses"][0] == {
        **{"name": "c", "state": {}, "lastState": {}, "ready": False, "restartCount": 0},
        **{"image": "", "imageID": ""},
    }


def test_pointers_keep_their_zero_values() -> None:
    spec = {"terminationGracePeriodSeconds": 0, "enableServiceLinks": False, "runtimeClassName": ""}
    doc = pod(**spec)
    assert decoded("Pod", doc) is doc


@pytest.mark.parametrize(
    ("written", "kept"), [("1000m", "1"), ("0.5", "500m"), ("1n", "1m"), ("1e3", "1e3"), ("1024Mi", "1Gi"), (2, "2")]
)
def test_resource_lists_are_canonical_and_rounded_up_to_thousandths(written: Any, kept: str) -> None:
    doc = pod(overhead={"cpu": written})
    assert decoded("Pod", doc)["spec"]["overhead"] == {"cpu": kept}


def test_other_quantities_are_not_rounded() -> None:
    doc = pod(volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1n"}}])
    assert decoded("Pod", doc)["spec"]["volumes"][0]["emptyDir"] == {"sizeLimit": "1n"}


def test_times_are_written_in_utc_with_their_precision() -> None:
    spec = {"acquireTime": "2024-01-01T02:00:00.000000+02:00", "renewTime": None}
    lease = {"metadata": {"creationTimestamp": "2024-01-01T00:00:00.9Z"}, "spec": spec}
    assert decoded("Lease", lease) == {
        "metadata": {"creationTimestamp": "2024-01-01T00:00:00Z"},
        "spec": {"acquireTime": "2024-01-01T00:00:00.000000Z"},
    }


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            {"hostNetwork": "yes"},
            "json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool",
        ),
        (
            {"terminationGracePeriodSeconds": 1.5},
            "json: cannot unmarshal number 1.5 into Go struct field PodSpec.spec.terminationGracePeriodSeconds of type int64",
        ),
        (
            {"priority": 2**31},
            "json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32",
        ),
        (
            {"containers": {}},
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
        ),
        (
            {"nodeSelector": {"a": 1}},
            "json: cannot unmarshal number into Go struct field PodSpec.spec.nodeSelector of type string",
        ),
        (
            {"containers": [{"env": [{"value": 1}]}]},
            "json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string",
        ),
        (
            {"volumes": [{"fc": {"lun": "0"}}]},
            "json: cannot unmarshal string into Go struct field FCVolumeSource.spec.volumes.VolumeSource.fc.lun of type int32",
        ),
        ({"overhead": {"cpu": "1ki"}}, "unable to parse quantity's suffix"),
    ],
)
def test_wrong_types_are_refused_in_go_s_words(spec: Doc, message: str) -> None:
    with pytest.raises(DecodeError) as error:
        decoded("Pod", pod(**spec))
    assert str(error.value) == message


def test_unknown_fields_are_dropped_and_named() -> None:
    doc = pod(foo=1, volumes=[{"name": "v", "rbd": {"monitors": ["m"], "image": "i", "size": 1}}])
    result = decode(schema.of_kind("Pod"), doc)
    assert result.unknown == ("spec.foo", "spec.volumes[0].rbd.size")
    assert "foo" not in result.doc["spec"]


def test_remembered_specs_give_the_same_answer_again() -> None:
    first, second = pod(foo=1, nodeName=""), pod(foo=1, nodeName="")
    of = schema.of_kind("Pod")
    assert decode(of, first) == decode(of, second)
    assert decode(of, second).unknown == ("spec.foo",)


def test_text_without_bytes_is_still_decoded() -> None:
    doc = pod(hostname="\ud800")
    assert decoded("Pod", doc) is doc


def test_types_that_read_themselves_complain_first() -> None:
    """Go notes a value of the wrong JSON type and goes on, but stops where a quantity or time cannot be read."""
    container = {"name": 1, "image": "x", "resources": {"limits": {"cpu": "x"}}}
    with pytest.raises(DecodeError, match=r"^quantities must match the regular expression"):
        decoded("Pod", pod(containers=[container]))
    later = {**container, "resources": {"limits": "x"}, "ports": [{"containerPort": "x"}]}
    with pytest.raises(DecodeError) as caught:
        decoded("Pod", pod(containers=[later]))
    where = "Go struct field Container.spec.containers.name of type string"
    assert str(caught.value) == f"json: cannot unmarshal number into {where}"


def test_number_or_text_that_is_neither_stops_the_reading() -> None:
    probe = {"httpGet": {"port": True}}
    container = {"name": 1, "image": "x", "livenessProbe": probe}
    with pytest.raises(DecodeError) as caught:
        decoded("Pod", pod(containers=[container]))
    path = "spec.containers.livenessProbe.ProbeHandler.httpGet.port"
    assert str(caught.value) == f"json: cannot unmarshal bool into Go struct field HTTPGetAction.{path} of type int32"
