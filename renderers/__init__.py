"""Renderers: a compiled model turned into something to look at."""
