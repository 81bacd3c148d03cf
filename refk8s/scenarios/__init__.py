"""Scenarios: what a run is about — nodes, users' scripts, behaviours of containers, expectations — as one YAML file of ours.

Shipped ones are the *.yaml files beside this module; the format is `scenario.schema.json`, generated from the classes in spec.py.
"""

from .format import Scenario, from_data, from_manifests, load, resolve, shipped

__all__ = ["Scenario", "from_data", "from_manifests", "load", "resolve", "shipped"]
