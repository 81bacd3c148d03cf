"""What names, keys and values may look like; each function returns upstream's messages, () when all is well.

Lengths count UTF-8 bytes. Two generations of the same checks exist upstream: the newer ones (label keys and values) say
"bytes" where the older ones say "characters".

Source: staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go, api/validate/content/*.go,
api/validation/generic.go.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

__all__ = [
    "CHECKS",
    "Messages",
    "annotation_key",
    "c_identifier",
    "config_map_key",
    "decimal_integer",
    "dns1035_label",
    "dns1123_label",
    "dns1123_subdomain",
    "dns1123_subdomain_with_underscore",
    "env_var_name",
    "generate_name_prefix",
    "http_header_name",
    "label_key",
    "label_value",
    "path_segment",
    "path_segment_prefix",
    "percent",
    "port_name",
    "relaxed_env_var_name",
    "wildcard_dns1123_subdomain",
]

Messages = tuple[str, ...]

_LABEL_1123 = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_UNDERSCORE = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_KEY_RULE = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_SUBDOMAIN_MAX = 253


class _Rule:
    """A pattern with the message that quotes it."""

    def __init__(self, text: str, pattern: str, *examples: str) -> None:
        listed = " or ".join(f"'{example}', " for example in examples)
        self.message = f"{text} (e.g. {listed}regex used for validation is '{pattern}')"
        self.allows = re.compile(pattern).fullmatch


_KEY_PART = _Rule(_KEY_RULE, _KEY, "MyName", "my.name", "123-abc")
_VALUE = _Rule(
    f"a valid label must be an empty string or {_KEY_RULE.removeprefix('must ')}",
    f"({_KEY})?",
    "MyValue",
    "my_value",
    "12345",
)
_DNS1123_LABEL = _Rule(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character",
    _LABEL_1123,
    "my-name",
    "123-abc",
)
_DNS1123_SUBDOMAIN = _Rule(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character",
    rf"{_LABEL_1123}(\.{_LABEL_1123})*",
    "example.com",
)
_DNS1123_UNDERSCORE = _Rule(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must "
    "start and end with an alphanumeric character",
    rf"{_LABEL_UNDERSCORE}(\.{_LABEL_UNDERSCORE})*",
    "example.com",
)
_DNS1035_LABEL = _Rule(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character",
    "[a-z]([-a-z0-9]*[a-z0-9])?",
    "my-name",
    "abc-123",
)
_WILDCARD = _Rule(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    rf"\*\.{_LABEL_1123}(\.{_LABEL_1123})*",
    "*.example.com",
)
_PERCENT = _Rule(
    "a valid percent string must be a numeric string followed by an ending '%'",
    "[0-9]+%",
    "1%",
    "93%",
)
_HEADER = _Rule(
    "a valid HTTP header must consist of alphanumeric characters or '-'",
    "[-A-Za-z0-9]+",
    "X-Header-Name",
)
_ENV = _Rule(
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not "
    "start with a digit",
    "[-._a-zA-Z][-._a-zA-Z0-9]*",
    "my.env-name",
    "MY_ENV.NAME",
    "MyEnvName1",
)
_CONFIG_KEY = _Rule(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    "[-._a-zA-Z0-9]+",
    "key.name",
    "KEY_NAME",
    "key-name",
)
_C_IDENTIFIER = _Rule(
    "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters "
    "or '_'",
    "[A-Za-z_][A-Za-z0-9_]*",
    "my_name",
    "MY_NAME",
    "MyName",
)
_RELAXED_ENV = "a valid environment variable name must consist only of printable ASCII characters other than '='"


@lru_cache(maxsize=16_384)
def label_key(key: str) -> Messages:
    """Check a label key ("qualified name"): an optional DNS subdomain and "/", then up to 63 characters."""
    *prefixes, name = key.split("/")
    if len(prefixes) > 1:
        optional = " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
        return (f"a valid label key {_KEY_PART.message}{optional}",)
    messages: list[str] = []
    for prefix in prefixes:
        if not prefix:
            messages.append("prefix part must be non-empty")
        else:
            messages += [f"prefix part {m}" for m in _check(prefix, _DNS1123_SUBDOMAIN, _SUBDOMAIN_MAX, "bytes")]
    if not name:
        messages.append("name part must be non-empty")
    messages += [f"name part {m}" for m in _check(name, _KEY_PART, 63, "bytes")]
    return tuple(messages)


@lru_cache(maxsize=16_384)
def label_value(value: str) -> Messages:
    return _check(value, _VALUE, 63, "bytes")


def annotation_key(key: str) -> Messages:
    """Check an annotation key: a label key in which case does not matter."""
    return label_key(key.lower())


def dns1123_label(value: str) -> Messages:
    messages = _check(value, _DNS1123_LABEL, 63)
    if messages and messages[-1] == _DNS1123_LABEL.message and _DNS1123_SUBDOMAIN.allows(value):
        return (*messages[:-1], "must not contain dots")
    return messages


@lru_cache(maxsize=16_384)
def dns1123_subdomain(value: str) -> Messages:
    return _check(value, _DNS1123_SUBDOMAIN, _SUBDOMAIN_MAX)


def dns1123_subdomain_with_underscore(value: str) -> Messages:
    return _check(value, _DNS1123_UNDERSCORE, _SUBDOMAIN_MAX)


def dns1035_label(value: str) -> Messages:
    return _check(value, _DNS1035_LABEL, 63)


def wildcard_dns1123_subdomain(value: str) -> Messages:
    return _check(value, _WILDCARD, _SUBDOMAIN_MAX)


def generate_name_prefix(prefix: str, check: Callable[[str], Messages] = dns1123_subdomain) -> Messages:
    """Check a generateName by the rule of the name that it will begin: a dash may end it.

    Source: api/validation/generic.go, maskTrailingDash (which drops one character more than the dash).
    """
    return check(prefix[:-2] + "a" if len(prefix) > 1 and prefix.endswith("-") else prefix)


def port_name(value: str) -> Messages:
    messages = []
    if _length(value) > 15:
        messages.append("must be no more than 15 characters")
    if not re.fullmatch("[-a-z0-9]+", value):
        messages.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        messages.append("must contain at least one letter (a-z)")
    if "--" in value:
        messages.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        messages.append("must not begin or end with a hyphen")
    return tuple(messages)


def percent(value: str) -> Messages:
    return _check(value, _PERCENT)


def http_header_name(value: str) -> Messages:
    return _check(value, _HEADER)


def c_identifier(value: str) -> Messages:
    return _check(value, _C_IDENTIFIER)


def env_var_name(value: str) -> Messages:
    """Check an environment variable's name by the strict rule (that of before RelaxedEnvironmentVariableValidation)."""
    return (*_check(value, _ENV), *_no_parent_directory(value))


def relaxed_env_var_name(value: str) -> Messages:
    """Check an environment variable's name by the rule in force: printable ASCII without "="."""
    if not value:
        return ("environment variable name must be non-empty",)
    return () if all(" " <= c <= "~" and c != "=" for c in value) else (_RELAXED_ENV,)


def config_map_key(value: str) -> Messages:
    """Check a key of a ConfigMap or Secret."""
    return (*_check(value, _CONFIG_KEY, _SUBDOMAIN_MAX), *_no_parent_directory(value))


def path_segment(value: str) -> Messages:
    """Check that a name can be one segment of a URL's path."""
    if value in (".", ".."):
        return (f"may not be '{value}'",)
    return path_segment_prefix(value)


def path_segment_prefix(value: str) -> Messages:
    return tuple(f"may not contain '{c}'" for c in "/%" if c in value)


def decimal_integer(value: str) -> Messages:
    if not value:
        return ("must be non-empty",)
    canonical = re.fullmatch("0|-?[1-9][0-9]*", value)
    return () if canonical else ("must be a valid decimal integer in canonical form",)


CHECKS: Mapping[str, Callable[[str], Messages]] = {
    "qualifiedName": label_key,
    "labelValue": label_value,
    "dns1123Label": dns1123_label,
    "dns1123Subdomain": dns1123_subdomain,
    "dns1123SubdomainWithUnderscore": dns1123_subdomain_with_underscore,
    "dns1035Label": dns1035_label,
    "wildcardDNS1123Subdomain": wildcard_dns1123_subdomain,
    "generateNamePrefixDNS1123Subdomain": generate_name_prefix,
    "portName": port_name,
    "percent": percent,
    "httpHeaderName": http_header_name,
    "envVarName": env_var_name,
    "relaxedEnvVarName": relaxed_env_var_name,
    "configMapKey": config_map_key,
    "pathSegment": path_segment,
    "pathSegmentPrefix": path_segment_prefix,
    "cIdentifier": c_identifier,
    "decimalInteger": decimal_integer,
}
"""The checks by the name that upstream's formats give them."""


def _check(value: str, rule: _Rule, most: int | None = None, unit: str = "characters") -> Messages:
    too_long = most is not None and _length(value) > most
    messages = (f"must be no more than {most} {unit}",) if too_long else ()
    return messages if rule.allows(value) else (*messages, rule.message)


def _length(value: str) -> int:
    return len(value) if value.isascii() else len(value.encode(errors="surrogatepass"))


def _no_parent_directory(value: str) -> Messages:
    if value in (".", ".."):
        return (f"must not be '{value}'",)
    return ("must not start with '..'",) if value.startswith("..") else ()
