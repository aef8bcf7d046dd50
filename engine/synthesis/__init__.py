"""Synthetic subjects: made from a definition alone, or by a distribution; they satisfy all rules, or break one of them."""

from __future__ import annotations

from engine.synthesis.plan import plan_synthesis
from engine.synthesis.subjects import Made, Unsatisfiable, make_subject
from engine.synthesis.writing import subject_json

__all__ = ["Made", "Unsatisfiable", "make_subject", "plan_synthesis", "subject_json"]
