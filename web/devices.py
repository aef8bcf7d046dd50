"""Browser and system of a device in a few words, from what its browser says of itself.

Two short tables instead of a library: ua-parser brings some thousand patterns for models and versions, and what it learns beyond the
two names is what we do not want to keep.
"""

from __future__ import annotations

LONGEST = 400  # of the header that is looked at

# The first that is found counts: most browsers claim to be Chrome and Safari as well, and Android to be Linux.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("Vivaldi/", "Vivaldi"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"), ("Chrome/", "Chrome"), ("CriOS/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Macintosh", "macOS"), ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def device_of(header: str | None) -> str:
    """`Firefox, Windows` of the header User-Agent: names of the tables alone, no version and no model; empty for a stranger."""
    text = (header or "")[:LONGEST]
    found = (next((name for sign, name in table if sign in text), "") for table in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, found))


__all__ = ["device_of"]
