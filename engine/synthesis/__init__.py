"""Synthetic subjects: made from a definition alone, or by a distribution; they satisfy all rules, or break one of them."""

from __future__ import annotations

from engine.synthesis.distribution import NO_DISTRIBUTION, Distribution
from engine.synthesis.plan import Plan, plan_synthesis
from engine.synthesis.reading import read_distribution
from engine.synthesis.subjects import Made, Unsatisfiable, Wanted, make_subject
from engine.synthesis.writing import subject_json

__all__ = [
    "NO_DISTRIBUTION",
    "Distribution",
    "Made",
    "Plan",
    "Unsatisfiable",
    "Wanted",
    "make_subject",
    "plan_synthesis",
    "read_distribution",
    "subject_json",
]
