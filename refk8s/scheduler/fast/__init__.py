"""The fast path of a scheduling cycle: columns over all nodes that are brought up to date where nodes have changed, with the answer of the clear path.

It computes nothing of its own about a single node: what a node is worth and why it is refused comes from the plugins' own functions, asked when the node
has changed. What it adds is arithmetic over all nodes at once (numpy, int64 and IEEE doubles in the order of the plugins). tests/properties holds it together
with the clear path, which `schedule(…, explain=True)` always takes.
"""

from __future__ import annotations

from refk8s.scheduler.fast.decide import decide

__all__ = ["decide"]
