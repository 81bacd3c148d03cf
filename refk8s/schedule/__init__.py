"""Why is this pod Pending, and where would it go? kube-scheduler's answer, offline, from a dump of a real cluster."""
