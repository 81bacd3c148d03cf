"""Traces: a run as labels with digests, written by every run that asks, replayed strictly or leniently."""
