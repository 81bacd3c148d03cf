"""Names, keys and values are checked with upstream's messages."""

import pytest

from refk8s.kinds import names
from refk8s.kinds.labels import validate_annotations, validate_labels


@pytest.mark.parametrize("check", names.CHECKS.values(), ids=names.CHECKS.keys())
def test_no_check_is_fooled_by_a_trailing_newline(check: object) -> None:
    assert callable(check)
    if check not in (names.path_segment, names.path_segment_prefix):
        assert check("a\n")


def test_label_keys_have_an_optional_prefix() -> None:
    assert names.label_key("a") == names.label_key("example.com/A_b.c") == ()
    assert names.label_key("/a") == ("prefix part must be non-empty",)
    assert names.label_key("a/b/c")[0].endswith(
        "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    )
    assert names.label_key("x" * 64) == ("name part must be no more than 63 bytes",)
    assert names.label_key("p" * 254 + "/a") == ("prefix part must be no more than 253 bytes",)
    assert [message[:9] for message in names.label_key("a/")] == ["name part", "name part"]


def test_lengths_count_bytes() -> None:
    assert names.label_value("é" * 32)[0] == "must be no more than 63 bytes"
    assert len(names.label_value("é" * 31)) == 1


def test_a_label_that_could_be_a_subdomain_must_not_contain_dots() -> None:
    assert names.dns1123_label("a.b") == ("must not contain dots",)
    assert names.dns1123_label("a" * 62 + ".b") == ("must be no more than 63 characters", "must not contain dots")


def test_annotation_keys_ignore_case() -> None:
    assert names.annotation_key("Example.com/Key") == ()
    assert names.label_key("Example.com/Key") != ()


def test_a_generate_name_may_end_in_a_dash() -> None:
    assert names.generate_name_prefix("web-") == ()
    assert names.generate_name_prefix("-") != ()
    assert names.generate_name_prefix("web-", names.dns1035_label) == ()
    assert names.dns1123_subdomain("web-") != ()


def test_port_names() -> None:
    assert names.port_name("http-2") == ()
    assert names.port_name("-") == ("must contain at least one letter (a-z)", "must not begin or end with a hyphen")
    assert names.port_name("a--" + "b" * 14) == (
        "must be no more than 15 characters",
        "must not contain consecutive hyphens",
    )


def test_keys_of_config_maps_do_not_climb_out() -> None:
    assert names.config_map_key("..data") == ("must not start with '..'",)
    assert names.config_map_key("..") == ("must not be '..'",)
    assert names.config_map_key("a.txt") == ()


def test_path_segments() -> None:
    assert names.path_segment(".") == ("may not be '.'",)
    assert names.path_segment("a/b%") == ("may not contain '/'", "may not contain '%'")
    assert names.path_segment_prefix(".") == ()


def test_relaxed_environment_names_are_printable_ascii() -> None:
    assert names.relaxed_env_var_name("a b/c") == ()
    assert names.relaxed_env_var_name("a=b") == names.relaxed_env_var_name("é") != ()
    assert names.relaxed_env_var_name("") == ("environment variable name must be non-empty",)
    assert names.env_var_name("1a") != ()


@pytest.mark.parametrize(("text", "ok"), [("0", True), ("-5", True), ("-0", False), ("05", False), ("+5", False)])
def test_decimal_integers_are_canonical(text: str, ok: bool) -> None:
    assert (names.decimal_integer(text) == ()) is ok


def test_labels_name_the_key_or_the_value_that_is_wrong() -> None:
    errors = validate_labels({"b": "-", "-a": "x", "c": "ok"}, "metadata.labels")
    assert [(error.field, error.value) for error in errors] == [("metadata.labels", "-a"), ("metadata.labels", "-")]


def test_annotations_are_limited_in_all() -> None:
    assert validate_annotations({"A/b": "anything at all\n"}, "metadata.annotations") == []
    errors = validate_annotations({"a": "é" * 128 * 1024}, "metadata.annotations")
    assert [str(error) for error in errors] == ["metadata.annotations: Too long: may not be more than 262144 bytes"]
