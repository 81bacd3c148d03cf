"""Rule machines for Hypothesis: a cluster behind rules, whose failures are traces that `refk8s replay` takes anywhere.

Subclass `ClusterMachine` with a scenario and rules of your own, or take the shipped machines as they are. Needs Hypothesis, which nothing else here imports.
"""

from .cluster import Broken, ClusterMachine
from .rollout import RolloutMachine
from .scheduling import SchedulingMachine
from .writers import WritersMachine

__all__ = ["Broken", "ClusterMachine", "RolloutMachine", "SchedulingMachine", "WritersMachine"]
