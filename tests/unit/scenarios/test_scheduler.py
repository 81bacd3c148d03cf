"""A scenario's scheduler configuration: inline or a file, tried when the scenario is read, and kept in its data."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from refk8s.core.errors import Refk8sError
from refk8s.scenarios.format import from_data
from refk8s.scenarios.structure import Misfit

CONFIG = {"apiVersion": "kubescheduler.config.k8s.io/v1", "kind": "KubeSchedulerConfiguration"}


def scenario(scheduler: Any) -> dict[str, Any]:
    return {
        "apiVersion": "refk8s.dev/v1",
        "kind": "Scenario",
        "metadata": {"name": "x"},
        "spec": {"scheduler": scheduler},
    }


def test_a_file_becomes_part_of_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "profiles": [{"schedulerName": "mine"}]}))
    found = from_data(scenario("config.yaml"), base=tmp_path)
    assert found.cluster.scheduler["profiles"] == [{"schedulerName": "mine"}]
    assert from_data(found.data).cluster.scheduler == found.cluster.scheduler, "a trace's header needs no file"


def test_a_bad_configuration_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(Misfit) as raised:
        from_data(scenario({**CONFIG, "parallelism": 0}))
    assert str(raised.value).startswith("spec.scheduler: parallelism: Invalid value: 0")
    (tmp_path / "config.yaml").write_text("kind: Pod\napiVersion: v1\n")
    with pytest.raises(Refk8sError, match=r'config.yaml: no kind "Pod" is registered for version "v1"'):
        from_data(scenario("config.yaml"), base=tmp_path)
