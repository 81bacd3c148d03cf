"""The rows of workloads and what belongs to them. Source: pkg/printers/internalversion/printers.go."""

from __future__ import annotations

from typing import Any

from ...core.clock import unix_ms
from ...kinds import selector
from ...kinds.codec import view
from ...kinds.meta import LabelSelector
from .durations import human, since

Doc = dict[str, Any]
Cells = list[Any]


def name_of(document: Doc) -> str:
    """metadata.name."""
    found: str = document["metadata"].get("name", "")
    return found


def age(document: Doc, now_ms: int) -> str:
    """How long ago the object was created."""
    return since(document["metadata"].get("creationTimestamp"), now_ms)


def containers(spec: Doc) -> tuple[str, str]:
    """The names and the images of the containers of a workload's pod template."""
    found = ((spec.get("template") or {}).get("spec") or {}).get("containers") or ()
    return ",".join(c.get("name", "") for c in found), ",".join(c.get("image", "") for c in found)


def labels_text(labels: dict[str, str] | None) -> str:
    """Labels as one text. Source: apimachinery/pkg/labels/labels.go, FormatLabels."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def selector_text(found: Doc | None) -> str:
    """A label selector as one text, "" if it selects everything or nothing."""
    return "" if found is None else str(selector.from_object(view(LabelSelector, found)))


def deployment(document: Doc, now_ms: int) -> Cells:
    """Name, Ready, Up-to-date, Available, Age, Containers, Images, Selector."""
    spec, status = document["spec"], document.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    counts = (status.get("updatedReplicas", 0), status.get("availableReplicas", 0))
    selected = selector_text(spec.get("selector"))
    return [name_of(document), ready, *counts, age(document, now_ms), *containers(spec), selected]


def replica_set(document: Doc, now_ms: int) -> Cells:
    """Name, Desired, Current, Ready, Age, Containers, Images, Selector."""
    spec, status = document["spec"], document.get("status") or {}
    counts = (spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0))
    selected = selector_text(spec.get("selector")) or "<none>"
    return [name_of(document), *counts, age(document, now_ms), *containers(spec), selected]


def replication_controller(document: Doc, now_ms: int) -> Cells:
    """Name, Desired, Current, Ready, Age, Containers, Images, Selector."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    counts = (spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0))
    selected = labels_text(spec.get("selector"))
    return [name_of(document), *counts, age(document, now_ms), *containers(spec), selected]


def stateful_set(document: Doc, now_ms: int) -> Cells:
    """Name, Ready, Age, Containers, Images."""
    spec, status = document["spec"], document.get("status") or {}
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [name_of(document), ready, age(document, now_ms), *containers(spec)]


def daemon_set(document: Doc, now_ms: int) -> Cells:
    """Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age, Containers, Images, Selector."""
    spec, status = document["spec"], document.get("status") or {}
    fields = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled")
    counts = [status.get(field, 0) for field in (*fields, "numberAvailable")]
    nodes = labels_text(((spec.get("template") or {}).get("spec") or {}).get("nodeSelector"))
    selected = selector_text(spec.get("selector")) or "<none>"
    return [name_of(document), *counts, nodes, age(document, now_ms), *containers(spec), selected]


def controller_revision(document: Doc, now_ms: int) -> Cells:
    """Name, Controller, Revision, Age."""
    owner = next((o for o in document["metadata"].get("ownerReferences") or () if o.get("controller")), None)
    text = "<none>"
    if owner is not None:
        group = owner["apiVersion"].rpartition("/")[0]
        kind = f"{owner['kind']}.{group}" if group else owner["kind"]
        text = f"{kind.lower()}/{owner['name']}"
    return [name_of(document), text, document.get("revision", 0), age(document, now_ms)]


def pod_template(document: Doc, now_ms: int) -> Cells:
    """Name, Containers, Images, Pod Labels."""
    labels = ((document.get("template") or {}).get("metadata") or {}).get("labels")
    return [name_of(document), *containers(document), labels_text(labels)]


_LATER_JOB_STATES = ("Suspended", "FailureTarget", "SuccessCriteriaMet")


def job(document: Doc, now_ms: int) -> Cells:
    """Name, Status, Completions, Duration, Age, Containers, Images, Selector."""
    spec, status = document["spec"], document.get("status") or {}
    succeeded, parallelism = status.get("succeeded", 0), spec.get("parallelism") or 0
    if spec.get("completions") is not None:
        done = f"{succeeded}/{spec['completions']}"
    else:
        done = f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"
    started, ended = status.get("startTime"), status.get("completionTime")
    duration = ""
    if started:
        duration = human((unix_ms(ended) if ended else now_ms) - unix_ms(started))
    selected = selector_text(spec.get("selector")) or "<none>"
    state = _job_state(document, status)
    return [name_of(document), state, done, duration, age(document, now_ms), *containers(spec), selected]


def _job_state(document: Doc, status: Doc) -> str:
    states: dict[str, str] = {}
    for condition in status.get("conditions") or ():
        states.setdefault(condition.get("type", ""), condition.get("status", ""))
    for kind in ("Complete", "Failed"):
        if states.get(kind) == "True":
            return kind
    if document["metadata"].get("deletionTimestamp"):
        return "Terminating"
    return next((kind for kind in _LATER_JOB_STATES if states.get(kind) == "True"), "Running")


def cron_job(document: Doc, now_ms: int) -> Cells:
    """Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age, Containers, Images, Selector."""
    spec, status = document["spec"], document.get("status") or {}
    suspend = spec.get("suspend")
    last = status.get("lastScheduleTime")
    template = (spec.get("jobTemplate") or {}).get("spec") or {}
    return [
        name_of(document),
        spec.get("schedule", ""),
        spec["timeZone"] if spec.get("timeZone") is not None else "<none>",
        "<unset>" if suspend is None else str(suspend),
        len(status.get("active") or ()),
        since(last, now_ms) if last else "<none>",
        age(document, now_ms),
        *containers(template),
        selector_text(template.get("selector")) or "<none>",
    ]


def pod_disruption_budget(document: Doc, now_ms: int) -> Cells:
    """Name, Min Available, Max Unavailable, Allowed Disruptions, Age."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    bounds = [
        str(spec[field]) if spec.get(field) is not None else "N/A" for field in ("minAvailable", "maxUnavailable")
    ]
    return [name_of(document), *bounds, status.get("disruptionsAllowed", 0), age(document, now_ms)]


def scale(document: Doc, now_ms: int) -> Cells:
    """Name, Desired, Available, Age."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    return [name_of(document), spec.get("replicas", 0), status.get("replicas", 0), age(document, now_ms)]


_CURRENT_OF = {
    "External": ("external", ""),
    "Pods": ("pods", ""),
    "Object": ("object", ""),
    "Resource": ("resource", "name"),
    "ContainerResource": ("containerResource", "name"),
}
_MOST_METRICS = 2


def horizontal_pod_autoscaler(document: Doc, now_ms: int) -> Cells:
    """Name, Reference, Targets, MinPods, MaxPods, Replicas, Age."""
    spec, status = document.get("spec") or {}, document.get("status") or {}
    target = spec.get("scaleTargetRef") or {}
    least = spec.get("minReplicas")
    return [
        name_of(document),
        f"{target.get('kind', '')}/{target.get('name', '')}",
        _metrics(spec.get("metrics") or [], status.get("currentMetrics") or []),
        "<unset>" if least is None else str(least),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(document, now_ms),
    ]


def _metrics(specs: list[Doc], statuses: list[Doc]) -> str:
    if not specs:
        return "<none>"
    shown = [_metric(spec, statuses[index] if index < len(statuses) else {}) for index, spec in enumerate(specs)]
    if len(shown) > _MOST_METRICS:
        return f"{', '.join(shown[:_MOST_METRICS])} + {len(shown) - _MOST_METRICS} more..."
    return ", ".join(shown)


def _metric(spec: Doc, status: Doc) -> str:
    kind = spec.get("type", "")
    if kind not in _CURRENT_OF:
        return "<unknown type>"
    field, named = _CURRENT_OF[kind]
    wanted, have = spec.get(field) or {}, status.get(field)
    target = wanted.get("target") or {}
    current = (have or {}).get("current") or {}
    average = target.get("averageValue")
    before = f"{wanted.get(named, '')}: " if named else ""
    if average is not None:
        now = current.get("averageValue", "<unknown>" if kind in ("External", "Object") or have is None else "0")
        return f"{before}{now}/{average}" + (" (avg)" if kind in ("External", "Object") else "")
    if not named:
        now = "<unknown>" if have is None else current.get("value", "0")
        return f"{now}/{target.get('value', '<nil>')}"
    used, share = current.get("averageUtilization"), target.get("averageUtilization")
    return f"{before}{'<unknown>' if used is None else f'{used}%'}/{'<auto>' if share is None else f'{share}%'}"
