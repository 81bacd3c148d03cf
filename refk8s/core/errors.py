"""Programmers' and users' errors; API errors are data (see refk8s.api.status), never exceptions."""

from __future__ import annotations


class Refk8sError(Exception):
    """A mistake that a person can mend; its text is one line that says what, where and how."""

    exit_code = 2


class ReplayDivergence(Refk8sError):
    """A recorded step is not what the model does now.

    Common causes: an edited scenario or trace, another version of refk8s, unsorted iteration.
    """

    exit_code = 3


class UncontrolledNondeterminism(Refk8sError):
    """A re-run of the same choices gave another result.

    Common causes: ambient randomness, the wall clock, unsorted iteration of a set or a map, state kept outside the World.
    """

    exit_code = 70


class ModelError(Refk8sError):
    """refk8s itself is wrong: a MODEL check failed."""

    exit_code = 70
