"""What a kind's checks are: a row of the tables of validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from refk8s.api.validate.errors import Errors
from refk8s.api.validate.meta import Checked

Doc = Mapping[str, Any]
Create = Callable[[Doc, Checked], Errors]
Update = Callable[[Doc, Doc, Checked], Errors]


@attrs.frozen(slots=True)
class Rules:
    """The checks of a kind. Without `status`, the kind has no status of its own to write."""

    create: Create
    update: Update
    status: Update | None = None
    namespaced: bool = True
