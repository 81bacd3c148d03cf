"""Named invariants of the control plane."""
