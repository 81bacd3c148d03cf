"""A short session of random commands; `make soak` runs long ones."""

from __future__ import annotations

import pytest

from .kubectl import needs_kubectl
from .soak import soak

pytest.importorskip("uvicorn", reason="needs refk8s[serve]")


@needs_kubectl
def test_a_session_replays_to_the_same_digest_without_alarms() -> None:
    done = soak(5, 1)
    assert done.commands > 5
    assert not done.alarms
