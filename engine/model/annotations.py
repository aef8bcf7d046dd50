"""Annotations: what other systems keep about a part of a definition. Kept and shown; rules and pages do not know them."""

from __future__ import annotations

from collections.abc import Mapping

Annotations = Mapping[str, Mapping[str, str]]  # system -> name -> text, as {redcap: {Field Annotation: "@HIDDEN"}}
