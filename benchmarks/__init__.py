"""Measures the engine against hand-written code and common libraries; `python -m benchmarks` prints one table."""
