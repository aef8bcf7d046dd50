"""Definitions that would grow beyond all bounds are refused at their place, before anything grows."""

import pytest

from engine.compiler import compile_definition
from engine.definitions import dictionaries
from engine.errors import DefinitionError


def faults_of(file):
    """Line and code of every fault."""
    with pytest.raises(DefinitionError) as refused:
        compile_definition(file)
    return [(problem.mark.line, problem.code) for problem in refused.value.problems]


DOUBLING = range(1, 30)
ITEM = "{id: %s, type: text, label: {pl: X, en: X}}"


def registry_of(parts: str, items: str) -> str:
    """A registry with one form, whose items start in line 11 when `parts` is one line."""
    head = "registry: r\nversion: 1.0.0\ntitle: {pl: R, en: R}\n"
    return f"{head}{parts}\nforms:\n  f:\n    title: {{pl: F, en: F}}\n    in: patient\n    sections:\n      - id: s\n        items: [{items}]"


def blocks_of(*blocks: str) -> str:
    return "blocks: {" + ", ".join(f"b{n}: [{block}]" for n, block in enumerate(blocks)) + "}"


EXPLOSIONS = {
    "blocks with prefixes": (
        registry_of(
            blocks_of(ITEM % "z", *(f"{{use: b{n - 1}, prefix: p_}}, {{use: b{n - 1}, prefix: q_}}" for n in DOUBLING)),
            "{use: b29}",
        ),
        [(11, "block-too-large")],
    ),
    "blocks in groups": (
        registry_of(
            blocks_of(
                ITEM % "z",
                *(
                    f"{{group: g{n}, title: {{pl: G, en: G}}, items: [{{use: b{n - 1}, prefix: p_}}, {{use: b{n - 1}}}]}}"
                    for n in DOUBLING
                ),
            ),
            "{use: b29}",
        ),
        [(11, "block-too-large")],
    ),
    "blocks that no form uses": (
        registry_of(
            blocks_of(ITEM % "z", *(f"{{use: b{n - 1}}}, {{use: b{n - 1}, prefix: q_}}" for n in DOUBLING)), ITEM % "a"
        ),
        [(4, "block-too-large")],
    ),
    "copies of a long text": (
        registry_of(
            blocks_of(
                "{id: z, type: text, label: {pl: X, en: " + "x" * 20_000 + "}}",
                ", ".join(f"{{use: b0, prefix: p{n}_}}" for n in range(150)),
            ),
            "{use: b1}",
        ),
        [(11, "block-too-large")],
    ),
    "a long chain of blocks": (
        registry_of(blocks_of(ITEM % "z", *(f"{{use: b{n - 1}}}" for n in range(1, 500))), "{use: b499}"),
        [(4, "too-deep")],
    ),
    "a circle that doubles": (
        registry_of(
            blocks_of("{use: b29}", *(f"{{use: b{n - 1}, prefix: p_}}, {{use: b{n - 1}}}" for n in DOUBLING)),
            "{use: b29}",
        ),
        [(4, "block-cycle")],
    ),
    "defines": (
        registry_of(
            "define: {d0(x): x, " + ", ".join(f'd{n}(x): "d{n - 1}(x) + d{n - 1}(x)"' for n in DOUBLING) + "}",
            '{id: z, type: integer, label: {pl: X, en: X}, calculate: "d29(1)"}',
        ),
        [(4, "expression-too-large")],
    ),
    "defines in a circle": (
        registry_of(
            "define: {d0(x): d29(x), " + ", ".join(f'd{n}(x): "d{n - 1}(x) + d{n - 1}(x)"' for n in DOUBLING) + "}",
            '{id: z, type: integer, label: {pl: X, en: X}, calculate: "d29(1)"}',
        ),
        [(4, "recursive-define")],
    ),
    "a long chain of defines": (
        registry_of(
            "define: {d0(x): x, " + ", ".join(f'd{n}(x): "d{n - 1}(x) + 1"' for n in range(1, 200)) + "}",
            '{id: z, type: integer, label: {pl: X, en: X}, calculate: "d199(1)"}',
        ),
        [(4, "expression-too-large")],
    ),
    "a large define in many items": (
        registry_of(
            "define: {d(x): '" + "x + " * 100 + "1', e(x): 'max(" + "d(x), " * 90 + "1)'}",
            ", ".join(f'{{id: z{n}, type: integer, label: {{pl: X, en: X}}, calculate: "e({n})"}}' for n in range(100)),
        ),
        [(11, "expression-too-large")],
    ),
    "local values": (
        registry_of(
            "define: {one: 1}",
            "{id: z, type: integer, label: {pl: X, en: X}, calculate: 'let a0 = 1, "
            + ", ".join(f"a{n} = a{n - 1} + 1" for n in range(1, 200))
            + ": a199'}",
        ),
        [(11, "expression-too-large")],
    ),
    "aggregates in one another": (
        registry_of(
            "define: {one: 1}",
            "{group: g, title: {pl: G, en: G}, items: ["
            + ITEM % "x"
            + ']}, {id: z, type: boolean, label: {pl: X, en: X}, calculate: "count(g where '
            + "count(f.g where " * 5
            + "x = 'a'"
            + ") > 0" * 5
            + ') > 0"}',
        ),
        [(11, "expression-too-large")],
    ),
}


@pytest.mark.parametrize(("text", "expected"), EXPLOSIONS.values(), ids=EXPLOSIONS)
def test_what_multiplies_is_counted_before_it_is_written_out(text, expected, tmp_path):
    file = tmp_path / "r.yaml"
    file.write_text(text, "utf-8")
    assert faults_of(file) == expected


def test_lists_that_read_the_same_file_again_and_again(monkeypatch, tmp_path):
    monkeypatch.setattr(dictionaries, "MAX_CODES", 5)
    (tmp_path / "c.csv").write_text("code,label_pl,label_en\na,A,A\nb,B,B\nc,C,C\n", "utf-8")
    lists = ", ".join(f"c{n}: {{source: c.csv}}" for n in range(4))
    file = tmp_path / "r.yaml"
    file.write_text(registry_of(f"codelists: {{{lists}}}", ITEM % "a"), "utf-8")
    assert faults_of(file) == [(4, "too-many-codes")]
