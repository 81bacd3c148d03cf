"""The kubelet's own patches of pod statuses are those of the general function, and lead to the status that was wanted."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from refk8s.api.patch import apply_patch, create_two_way_merge_patch
from refk8s.kubelet.patches import status_patch

_text = st.sampled_from(["a", "b", "c"])
_condition = st.fixed_dictionaries(
    {"status": st.sampled_from(["True", "False"]), "lastTransitionTime": _text},
    optional={"reason": _text, "message": _text},
)
_conditions = st.lists(
    st.tuples(st.sampled_from("ABCDEF"), _condition), unique_by=lambda pair: pair[0], max_size=6
).map(lambda pairs: [{"type": kind, **fields} for kind, fields in pairs])
_statuses = st.fixed_dictionaries(
    {"conditions": _conditions},
    optional={
        "phase": _text,
        "message": _text,
        "podIPs": st.lists(_text, unique=True, min_size=1).map(lambda ips: [{"ip": ip} for ip in ips]),
        "containerStatuses": st.lists(
            st.fixed_dictionaries({"name": _text, "state": st.dictionaries(_text, _text)}), max_size=2
        ),
        "resources": st.fixed_dictionaries({}, optional={"requests": st.dictionaries(_text, _text, min_size=1)}),
    },
)


@given(_statuses, _statuses)
def test_a_status_patch_is_the_general_two_way_patch(old: dict[str, Any], new: dict[str, Any]) -> None:
    general = create_two_way_merge_patch({"status": old}, {"status": new}, "Pod").get("status", {})
    assert status_patch(old, new) == general


@given(_statuses, _statuses)
def test_a_status_patch_leads_to_the_wanted_status(old: dict[str, Any], new: dict[str, Any]) -> None:
    patch = status_patch(old, new)
    assert apply_patch("strategic", "Pod", {"status": old}, {"status": patch})["status"] == new
