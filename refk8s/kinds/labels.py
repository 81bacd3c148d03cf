"""What the API finds wrong with an object's labels and annotations.

Source: staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/validation/validation.go, ValidateLabels;
apimachinery/pkg/api/validation/objectmeta.go, ValidateAnnotations.
"""

from collections.abc import Mapping

from refk8s.kinds.fielderror import FieldError, invalid, too_long
from refk8s.kinds.names import annotation_key, label_key, label_value

__all__ = ["ANNOTATIONS_MAX_BYTES", "Labels", "validate_annotations", "validate_labels"]

Labels = Mapping[str, str]

ANNOTATIONS_MAX_BYTES = 256 * 1024


def validate_labels(labels: Labels, field: str) -> list[FieldError]:
    """Return what is wrong with a map of labels, in the order of the keys (upstream's order is arbitrary)."""
    errors = []
    for key in sorted(labels):
        errors += [invalid(field, key, message) for message in label_key(key)]
        errors += [invalid(field, labels[key], message) for message in label_value(labels[key])]
    return errors


def validate_annotations(annotations: Labels, field: str) -> list[FieldError]:
    """Return what is wrong with a map of annotations: their keys, and the size of all together."""
    errors = [invalid(field, key, message) for key in sorted(annotations) for message in annotation_key(key)]
    size = sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())
    if size > ANNOTATIONS_MAX_BYTES:
        errors.append(too_long(field, ANNOTATIONS_MAX_BYTES))
    return errors
