"""Expressions: the typed rule language, from text to a value."""
