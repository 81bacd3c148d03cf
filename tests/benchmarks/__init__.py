"""Benchmarks of the figures that refk8s promises. Run them with `make bench`, or `python -m tests.benchmarks [NAME …] [-o json] [--write]`.

They measure CPU time of one process (`time.process_time`, for commands their user time), not wall-clock time, because machines are shared. Nothing
in the test suite fails on time; `test_smoke.py` only runs every benchmark at its smallest size.
"""
