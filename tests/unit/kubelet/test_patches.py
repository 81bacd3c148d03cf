"""The patch from one status to the next."""

from refk8s.kubelet.patches import status_patch

READY = {"type": "Ready", "status": "False", "reason": "r", "lastProbeTime": None}


def test_equal_statuses_need_no_patch() -> None:
    assert status_patch({"phase": "Running"}, {"phase": "Running"}) == {}


def test_only_what_differs_is_sent() -> None:
    old = {"phase": "Pending", "hostIP": "1", "message": "m"}
    assert status_patch(old, {"phase": "Running", "hostIP": "1"}) == {"phase": "Running", "message": None}


def test_conditions_are_patched_by_type_and_their_order_is_said() -> None:
    old = {"conditions": [{"type": "A", "status": "True"}, READY]}
    new = {"conditions": [{"type": "B", "status": "True"}, {"type": "Ready", "status": "True", "lastProbeTime": None}]}
    assert status_patch(old, new) == {
        "conditions": [
            {"type": "B", "status": "True"},
            {"status": "True", "reason": None, "type": "Ready"},
            {"type": "A", "$patch": "delete"},
        ],
        "$setElementOrder/conditions": [{"type": "B"}, {"type": "Ready"}],
    }


def test_addresses_are_merged_by_address() -> None:
    patch = status_patch({"podIPs": [{"ip": "a"}]}, {"podIPs": [{"ip": "b"}]})
    assert patch["podIPs"] == [{"ip": "b"}, {"ip": "a", "$patch": "delete"}]
