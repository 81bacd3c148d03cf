"""A second reading of kube-scheduler v1.36.2: one cycle, straight from the JSON of a case, as plainly as it can be said.

It shares no code with refk8s (its own quantities, selectors and counts, no indices, no memory), so that a mistake of the model is not repeated here. It is
slow, knows no queue and no API, and takes for granted that the objects pass validation. test_scheduler_reading.py holds it against the recordings, and the
model against it.

Source: pkg/scheduler/{schedule_one.go,framework/runtime/framework.go,framework/preemption/preemption.go,framework/plugins/**}.
"""
