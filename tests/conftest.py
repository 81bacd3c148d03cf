"""Hypothesis' profiles: `dev` (the default), `ci` (the same examples every time) and `nightly` (many more), chosen with HYPOTHESIS_PROFILE.

`stateful(n)` scales the number of examples of a test with the profile.
"""

from __future__ import annotations

import os
import signal

from hypothesis import HealthCheck, settings

SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)

settings.register_profile("dev", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=False)
settings.register_profile("nightly", deadline=None, max_examples=5_000, suppress_health_check=SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a suite in the background of a script: the commands that tests interrupt would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)
