import json
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.definitions.encoding import MAX_BYTES
from engine.definitions.source import MAX_DEPTH, MAX_PROBLEMS, MAX_SCALAR, read_source
from engine.errors import Problems


def read(text: str | bytes):
    """The tree of a text and the codes of its problems."""
    problems = Problems()
    root = read_source(text if isinstance(text, bytes) else text.encode(), "f.yaml", problems)
    return root, [problem.code for problem in problems.found]


def plain(text: str | bytes):
    root, codes = read(text)
    assert codes == []
    return root.plain()


SCALARS = {
    "yes": "yes",
    "no": "no",
    "on": "on",
    "y": "y",
    "true": True,
    "FALSE": False,
    "null": None,
    "~": None,
    "": None,
    "12": 12,
    "-7": -7,
    "010": 10,
    "0o17": 15,
    "0x1F": 31,
    "1_000": "1_000",
    "1:30": "1:30",
    "1.50": Decimal("1.50"),
    "+.5": Decimal("0.5"),
    "1.": Decimal(1),
    "1e3": Decimal("1E+3"),
    "2025-03-17": "2025-03-17",
    "1.0.0": "1.0.0",
    "8302-2": "8302-2",
    "-": None,
    "'12'": "12",
    '"true"': "true",
    "''": "",
    "=": "=",
}


@pytest.mark.parametrize(("written", "value"), [pair for pair in SCALARS.items() if pair[0] != "-"])
def test_scalars_are_those_of_the_core_schema(written, value):
    read_value = plain(f"key: {written}")["key"]
    assert read_value == value
    assert type(read_value) is type(value)
    assert str(read_value) == str(value)  # a decimal keeps its digits


def test_lists_maps_and_order():
    assert plain("b: [1, {x: y}]\na:\n  - c\n  -\n") == {"b": [1, {"x": "y"}], "a": ["c", None]}
    assert list(plain("b: 1\na: 2")) == ["b", "a"]


def test_marks_count_from_one_and_know_keys():
    root, _ = read("a: 1\nb:\n  - ć: {d:   e}\r\nf: g")
    node = root.entries["b"].elements[0].entries["ć"]
    assert (node.key_mark.line, node.key_mark.column) == (3, 5)
    assert (node.mark.line, node.mark.column) == (3, 8)
    assert (node.entries["d"].mark.line, node.entries["d"].mark.column) == (3, 14)
    assert root.entries["f"].key_mark.line == 4
    assert str(node.mark.file) == "f.yaml"


EXPRESSIONS = {
    "plain": "key: abc + def",
    "single": "key: 'abc + def'",
    "double": 'key: "abc + def"',
    "single with quotes": "key: 'x = ''a'' and abc = ''b'' or def'",
    "double with escapes": 'key: "x = \\"\\u0142\\" and abc + def"',
    "plain on two lines": "key: abc\n     + def",
    "plain on three lines": "key: x\n  + abc\n\n\n  + def",
    "literal": "key: |\n  abc\n    + def\n",
    "literal with header": "key: |2-  # remark\n    abc\n  + def\n",
    "folded": "key: >-\n  abc +\n  def\n\n  + x\n",
    "folded more indented": "key: >\n  x +\n    abc\n  + def\n",
    "single on two lines": "key: 'x = ''abc''\n  + def'",
    "double on two lines": 'key: "x = \\"abc\\"\n  + def"',
    "windows lines": "a: 1\r\nkey: |\r\n  abc\r\n  def\r\n",
    "flow on two lines": "{key: 'abc\n+ def'}",
    "flow": "{k: [1, {key: abc + def}]}",
    "byte order mark": "\ufeffkey: abc + def",
}


@pytest.mark.parametrize("text", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_every_character_of_an_expression_knows_its_place(text):
    root, codes = read(text)
    assert codes == []
    node = root.entries["key"] if "key" in root.entries else root.entries["k"].elements[1].entries["key"]
    expression = node.expression()
    lines = text.removeprefix("\ufeff").splitlines()
    for word in ("abc", "def"):
        place = expression.at(expression.text.index(word))
        assert lines[place.line - 1][place.column - 1 :].startswith(word)


@settings(max_examples=50)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_is_read_as_json(data):
    for indent in (None, 2, "\t"):
        text = json.dumps(data, indent=indent)
        expected = _without_refused(data)
        problems = Problems()
        root = read_source(text.encode(), "f.json", problems)
        if expected and data is not None and len(text) < 1000:
            assert problems.found == []
            assert root is not None
            assert root.plain() == data


def _without_refused(data) -> bool:
    """Whether a datum holds only texts that a definition may hold."""
    if isinstance(data, str):
        return all(char.isprintable() or char in "\n\t\r" for char in data)
    if isinstance(data, dict):
        return all(_without_refused(part) for pair in data.items() for part in pair)
    return not isinstance(data, list) or all(map(_without_refused, data))


def test_joiners_that_shape_what_one_sees_may_stay():
    assert plain("a: \U0001f469\u200d\u2695\ufe0f") == {"a": "\U0001f469\u200d\u2695\ufe0f"}


def test_json_escapes_beyond_the_basic_plane():
    assert plain('\t{"a": "\\ud83d\\ude00", "b": "\\\\ud83d", "c": 1.50, "d": "\\/"}') == {
        "a": "😀",
        "b": "\\ud83d",
        "c": Decimal("1.50"),
        "d": "/",
    }


REFUSED = {
    "tag": ("a: !!python/object:os.system x", "yaml-tag"),
    "local tag": ("a: !x {b: c}", "yaml-tag"),
    "anchor": ("a: &x 1", "yaml-anchor"),
    "alias": ("a: *x", "yaml-anchor"),
    "merge": ("<<: {a: b}", "yaml-merge"),
    "documents": ("a: 1\n---\nb: 1", "yaml-documents"),
    "duplicate": ("a: 1\nb: 2\na: 3", "duplicate-key"),
    "duplicate in quotes": ("a: 1\n'a': 3", "duplicate-key"),
    "number as key": ("1: a", "key-not-text"),
    "boolean as key": ("true: a", "key-not-text"),
    "list as key": ("? [a]\n: b", "key-not-text"),
    "infinity": ("a: -.inf", "number"),
    "not a number": ("a: .NaN", "number"),
    "exponent": ("a: 1e99999999", "number"),
    "digits": ("a: " + "9" * 100_000, "number"),
    "tab": ("a:\n\tb: c", "yaml-syntax"),
    "open quote": ('a: "b', "yaml-syntax"),
    "open bracket": ("a: [b", "yaml-syntax"),
    "version": ("%YAML 3.0\n---\na: b", "yaml-syntax"),
    "bell": ("a: \x07", "control-character"),
    "nul": ("a: b\n" + "c" * 10 + "\x00", "control-character"),
    "escaped nul": ('a: "\\0"', "control-character"),
    "line separator": ("a: b\u2028c", "control-character"),
    "override": ("a: Ma\u202eły", "control-character"),
    "embedding in a remark": ("a: b # \u202a", "control-character"),
    "isolate": ("a: b\u2066c", "control-character"),
    "mark": ("a: b\u200ec", "control-character"),
    "no width": ("a: 'b\u200bc'", "control-character"),
    "word joiner": ("a: b\u2060c", "control-character"),
    "soft hyphen": ("a\u00ad: b", "control-character"),
    "tag character": ("a: b\U000e0041", "control-character"),
    "escaped override": ('a: "b\\u202ec"', "control-character"),
    "escaped in JSON": ('{"a": "b\\u2069c"}', "control-character"),
    "nothing": ("", "empty-file"),
    "remark": ("# a\n", "empty-file"),
    "long text": ("a: " + "x" * (MAX_SCALAR + 1), "text-too-long"),
}


@pytest.mark.parametrize(("text", "code"), REFUSED.values(), ids=REFUSED)
def test_what_the_subset_leaves_out(text, code):
    assert set(read(text)[1]) == {code}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "latin-1", "cp1250"])
def test_other_encodings_are_named(encoding):
    root, codes = read("a: żółw ó".replace("ż", "z").replace("ł", "l").encode(encoding))
    assert (root, codes) == (None, ["encoding"])


def test_byte_order_mark_is_no_part_of_the_text():
    assert plain("\ufeffa: b") == {"a": "b"}


def test_a_tag_does_not_hide_what_follows():
    root, codes = read("a: !x 1\nb: &y 2\nc: 3")
    assert codes == ["yaml-tag", "yaml-anchor"]
    assert root.plain() == {"a": 1, "b": 2, "c": 3}


HOSTILE = {
    "brackets": ("[" * 100_000, "too-deep"),
    "braces": ("{a: " * 100_000, "too-deep"),
    "dashes": ("- " * 100_000, "too-deep"),
    "indentation": ("\n".join(" " * depth + "a:" for depth in range(2000)), "too-deep"),
    "keys in keys": ("? " * 100_000, "too-deep"),
    "balanced": ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "too-deep"),
    "quotes": ("'" * 99_999, "yaml-syntax"),
    "50 MB": (b"a: b\n" * 10_000_000, "file-too-large"),
    "5 MB": (b" " * (MAX_BYTES + 1), "file-too-large"),
    "alias bomb": (
        "a: &a [x, x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20)),
        "yaml-anchor",
    ),
    "anchors": ("\n".join(f"a{number}: &x 1" for number in range(100_000)), "yaml-anchor"),
    "tabs": ("\t" * 100_000, "yaml-syntax"),
    "percent": ("%" * 100_000, "yaml-syntax"),
    "not text": (bytes(range(256)) * 100, "control-character"),
}


@pytest.mark.parametrize(("text", "code"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_are_refused(text, code):
    _, codes = read(text)
    assert codes
    assert code in codes or {code, *codes} <= {"control-character", "encoding"}
    assert len(codes) <= MAX_PROBLEMS


def test_deepest_allowed():
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)[1] == []


@given(st.binary(max_size=200) | st.text("[]{}:,-?!&*|>'\"%@`# \n\tab0", max_size=60).map(str.encode))
def test_no_text_crashes_the_reader(data):
    root, codes = read(data)
    assert root is not None or codes
