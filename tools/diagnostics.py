"""Writes docs/diagnostics.md from the table of codes: `python -m tools.diagnostics > docs/diagnostics.md`."""

from engine.definitions.codes import CODES

HEAD = """# Diagnostics

`ecrf check` says `file:line:column: error|warning CODE message`. The message says what was found, what is allowed and what to do; the code names the kind of
fault and is never reused. Errors stop the compiler; warnings say what is legal but probably not meant.

| code | what is wrong |
| --- | --- |
"""


def page() -> str:
    """The page, in order of the table."""
    return HEAD + "".join(f"| `{code}` | {meaning} |\n" for code, meaning in CODES.items())


if __name__ == "__main__":
    print(page(), end="")
