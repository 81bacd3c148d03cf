"""pod-template-hash: recorded pairs, and the rules of the dump that none of them shows."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from refk8s.controllers.hash import compute_hash, fnv32a, fnv32a_of_parts, safe_encode
from refk8s.controllers.hash_dump import Segment, dump_template, dump_text

RECORDED = json.loads((Path(__file__).parent / "data/pod_template_hashes.json").read_text())


@pytest.mark.parametrize("pair", RECORDED, ids=lambda pair: pair["recorded"])
def test_recorded_hashes_are_reproduced(pair):
    assert compute_hash(pair["template"], pair["collisionCount"]) == pair["hash"]


def test_collision_count_changes_the_hash_and_zero_is_not_none():
    template = RECORDED[0]["template"]
    assert len({compute_hash(template, count) for count in (None, 0, 1)}) == 3


def test_fnv_and_encoding_of_known_inputs():
    assert fnv32a(b"") == 0x811C9DC5
    assert fnv32a(b"foobar") == 0xBF9CF968
    assert safe_encode("0123456789") == "456789bcdf"


@given(st.lists(st.tuples(st.booleans(), st.text(max_size=20)), max_size=8))
def test_segments_hash_as_their_text(parts):
    mixed = [Segment(text) if constant else text for constant, text in parts]
    whole = fnv32a("".join(text for _, text in parts).encode())
    assert fnv32a_of_parts(mixed) == fnv32a_of_parts(mixed) == whole


def test_dump_of_parts_is_the_dump():
    for pair in RECORDED:
        assert fnv32a_of_parts(dump_template(pair["template"])) == fnv32a(dump_text(pair["template"]).encode())


def test_empty_lists_and_maps_are_nil_but_empty_structs_behind_pointers_are_not():
    text = dump_text({"metadata": {"labels": {}}, "spec": {"containers": [], "securityContext": {}}})
    assert "Labels:(map[string]string)<nil>" in text
    assert "Containers:([]v1.Container)<nil>" in text
    assert "SecurityContext:(*v1.PodSecurityContext){SELinuxOptions:" in text
    assert text == dump_text({"spec": {"securityContext": {}, "affinity": None}})


def test_zero_behind_a_pointer_is_kept():
    assert "TerminationGracePeriodSeconds:(*int64)0 " in dump_text({"spec": {"terminationGracePeriodSeconds": 0}})
    assert "HostUsers:(*bool)false " in dump_text({"spec": {"hostUsers": False}})


def test_maps_are_sorted_and_lists_keep_their_order():
    text = dump_text({"metadata": {"labels": {"b": "2", "a": "1"}, "finalizers": ["z", "y"]}})
    assert "Labels:(map[string]string)map[a:1 b:2] " in text
    assert "Finalizers:([]string)[z y] " in text


def test_embedded_structs_are_printed_though_json_inlines_them():
    text = dump_text({"spec": {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Gi"}}]}})
    assert "[{Name:(string)v VolumeSource:(v1.VolumeSource){HostPath:(*v1.HostPathVolumeSource)<nil> EmptyDir:" in text
    assert "Image:(*v1.ImageVolumeSource)<nil>}}] InitContainers:" in text


@pytest.mark.parametrize(
    ("text", "dump"),
    [
        ("100m", "value:(int64)100 scale:(resource.Scale)-3} d:@ s:(string)100m Format:(resource.Format)DecimalSI"),
        ("1500m", "value:(int64)1500 scale:(resource.Scale)-3} d:@ s:(string)1500m Format:(resource.Format)DecimalSI"),
        ("1Gi", "value:(int64)1073741824 scale:(resource.Scale)0} d:@ s:(string)1Gi Format:(resource.Format)BinarySI"),
        ("64Mi", "value:(int64)67108864 scale:(resource.Scale)0} d:@ s:(string) Format:(resource.Format)BinarySI"),
        ("0", "value:(int64)0 scale:(resource.Scale)0} d:@ s:(string)0 Format:(resource.Format)DecimalSI"),
    ],
)
def test_quantities_keep_their_text_only_where_parsing_does(text, dump):
    expected = dump.replace("@", "(resource.infDecAmount){Dec:(*inf.Dec)<nil>}")
    assert f"Overhead:(v1.ResourceList)map[cpu:{{i:(resource.int64Amount){{{expected}}}]" in dump_text(
        {"spec": {"overhead": {"cpu": text}}}
    )


def test_large_quantities_are_printed_as_big_numbers_of_nano_units():
    words = 2**60 * 10**9
    text = dump_text({"spec": {"overhead": {"memory": "1Ei"}}})
    assert f"abs:(big.nat)[{words % 2**64} {words >> 64}]}} scale:(inf.Scale)9}}" in text


def test_int_or_string_prints_its_kind():
    probe = {"httpGet": {"port": "http"}}
    text = dump_text({"spec": {"containers": [{"name": "c", "livenessProbe": probe}]}})
    assert "Port:(intstr.IntOrString){Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)http}" in text


def test_unknown_keys_do_not_count():
    assert dump_text({"spec": {"nonsense": 1}}) == dump_text({})
