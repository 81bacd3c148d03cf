"""Selectors, names, labels and annotations."""

from collections.abc import Callable
from typing import Any

from refk8s.kinds import fieldselector, selector
from refk8s.kinds.codec import view
from refk8s.kinds.labels import validate_annotations, validate_labels
from refk8s.kinds.meta import LabelSelector
from refk8s.kinds.names import CHECKS
from refk8s.kinds.selector import SelectorError

__all__ = ["ANSWERS"]


def parsed(case: Any) -> Any:
    try:
        found = selector.parse(case["selector"])
    except SelectorError as error:
        return {"error": str(error)}
    return {
        "string": str(found),
        "requirements": [{"key": r.key, "operator": r.operator, "values": [*r.values]} for r in found.requirements],
        "selectable": found.selectable,
        "matches": [found.matches(labels) for labels in case["labels"]],
    }


def from_object(case: Any) -> Any:
    document = case["selector"]
    query = None if document is None else view(LabelSelector, document)
    validation = [str(error) for error in selector.validate(query, "spec.selector")]
    try:
        found = selector.from_object(query)
    except SelectorError as error:
        return {"validation": validation, "error": str(error)}
    matches = [found.matches(labels) for labels in case["labels"]]
    return {"validation": validation, "string": str(found), "matches": matches}


def fields_parsed(case: Any) -> Any:
    try:
        found = fieldselector.parse(case["selector"])
    except SelectorError as error:
        return {"error": str(error)}
    return {"string": str(found), "matches": [found.matches(fields) for fields in case["fields"]]}


def name_checked(case: Any) -> Any:
    messages = CHECKS[case["kind"]](case["value"])
    return {"valid": not messages, "messages": [*messages]}


def labels_checked(labels: Any) -> Any:
    return [str(error) for error in validate_labels(labels, "metadata.labels")]


def annotations_checked(case: Any) -> Any:
    annotations = case["annotations"]
    if case["padBytes"] > 0:
        annotations = {**annotations, "pad": "x" * case["padBytes"]}
    return [str(error) for error in validate_annotations(annotations, "metadata.annotations")]


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "selector-parse": parsed,
    "selector-object": from_object,
    "fieldselector-parse": fields_parsed,
    "names": name_checked,
    "labels": labels_checked,
    "annotations": annotations_checked,
}
