"""Taints and tolerations: the two types and when one tolerates the other."""

import attrs

__all__ = ["Taint", "Toleration"]


@attrs.frozen(weakref_slot=False)
class Taint:
    key: str = ""
    value: str = ""
    effect: str = ""
    time_added: str = ""


@attrs.frozen(weakref_slot=False)
class Toleration:
    key: str = ""
    operator: str = ""
    value: str = ""
    effect: str = ""
    toleration_seconds: int | None = None
