"""Random typed expressions and random records over tests/fixtures/expressions/schemas/everything.yaml."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

COLORS = ("red", "green", "blue", "Yellow-1")
SYMPTOMS = ("none", "fever", "pain", "cough")
NUMBERS = (
    *("0", "1", "2", "-3", "0.5", "-1.25"),
    *("100", "7.03125", "1234567890.12345678", "-99999999999999999999", "0.00000001", "33.333333333333"),
)
DAYS = (
    "2024-02-29",
    "2025-01-31",
    "2025-02-28",
    "2025-03-30",
    "2025-06-14",
    "2025-06-15",
    "2025-12-31",
    "1999-12-31",
    "2000-02-29",
    "1900-01-01",
)
PARTIALS = ("2025", "2024", "2025-03", "2025-06", "2024-02", "2025-06-15", "2024-02-29", "1999")
MOMENTS = (
    *("2025-03-30T01:59+01:00", "2025-03-30T03:00+02:00", "2025-10-26T02:30+02:00", "2025-10-26T02:30+01:00"),
    *("2025-06-15T12:00+02:00", "2025-01-31T00:00+01:00", "1912-05-01T10:00+01:24", "2024-02-29T23:59+01:00"),
)
TEXTS = ("abc", "ABC", "", "Żółć", "ß", "12/2025", "44051401359", "44051401358", "3000012", "𝒳y", "\uffee", "ab")
PLACES = ("visit[1].v", "visit[2].v", "f.g[1]", "f.g[2]", "person.device[1]", "visit[9].v")
CLOCKS = ("00:00", "09:10", "23:59", "12:30")


@dataclass(frozen=True)
class Tree:
    """An expression: a template with `@` where each part goes."""

    kind: str
    template: str
    parts: tuple[Tree, ...] = ()

    def __str__(self) -> str:
        pieces = self.template.split("@")
        texts = [f"({part})" if part.parts else str(part) for part in self.parts]
        return "".join(piece + text for piece, text in zip(pieces, [*texts, ""], strict=True))

    def smaller(self) -> Iterator[Tree]:
        """Simpler trees of the same kind: a part in the place of the whole, a leaf in the place of a part."""
        yield from (part for part in self.parts if part.kind == self.kind)
        for place, part in enumerate(self.parts):
            for other in part.smaller():
                yield Tree(self.kind, self.template, (*self.parts[:place], other, *self.parts[place + 1 :]))
            if part.parts and part.kind in _SIMPLE:
                yield Tree(
                    self.kind,
                    self.template,
                    (*self.parts[:place], Tree(part.kind, _SIMPLE[part.kind]), *self.parts[place + 1 :]),
                )


_SIMPLE = {
    "num": "1",
    "bool": "true",
    "text": "'a'",
    "date": "d1",
    "partial": "p1",
    "moment": "x1",
    "code": "c1",
    "codes": "m1",
}


def _listed(table: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """Kind -> what stands between the semicolons. White space is one space."""
    return {
        kind: tuple(" ".join(each.split()) for each in text.split(";") if each.strip()) for kind, text in table.items()
    }


# kind -> leaves that are legal everywhere; place -> kind -> leaves that are legal there
_LEAVES = _listed(
    {
        "num": """
            n1; n2; n3; q1; hid; held; 0; 1; 2; 0.5; 3; 10; 0.1; 12345678901234567890.12345678901234; param(blanking);
            param(threshold); ref1.g_n; about.size; if(is_a(about, v), about.v_n, 7);
            heavy; sum(visit.v_n); last(visit.v_n where filled(v_n)); first(visit.v_n by
            v_d)
        """,
        "bool": """
            b1; b2; b3; true; false; exists(visit); exists(ref1); exists(dev1); exists(person); is_a(about, g); (is_a(about, device) and about.dev_name = 'A');
            event_is('start');
            ref1.g_b; filled(file1)
        """,
        "text": """
            t1; t2; 'abc'; 'Żó'; ''; number_of; missing_reason(n1); missing_reason(hid); dev1.dev_name;
            ref1.g_dev.dev_name
        """,
        "date": """
            d1; d2; born; today(); dev1.dev_on; max(visit.v_d); ref1.g_d
        """,
        "partial": """
            p1; p2; dev1.dev_made; d1
        """,
        "moment": """
            x1; x2; now(); ref1.g_x
        """,
        "time": """
            k1; k2
        """,
        "code": """
            c1; c2; ref1.g_c
        """,
        "codes": """
            m1; m2; distinct(g.g_c); distinct(g.h.h_t)
        """,
        "nums": """
            distinct(g.g_n); distinct(g.h.h_n); distinct(visit: v_n + 1)
        """,
        "ref": """
            ref1; dev1; other_rec; about
        """,
    }
)
_ROW_LEAVES = {
    "f": _listed({}),
    "e": _listed({}),
    "g": _listed(
        {
            "num": """
                g_n; row_index(); prev(g_n); next(g_n where filled(g_n)); prev(g_n by g_d); sum(h.h_n); count(h where
                h_b)
            """,
            "bool": """
                g_b; exists(g_dev); any(h where h_b); prev(g_b); in_window(g_d)
            """,
            "text": """
                g_name; g_dev.dev_name
            """,
            "date": """
                g_d; g_e; g_dev.dev_on; prev(g_d)
            """,
            "partial": """
                g_p; g_dev.dev_made
            """,
            "moment": """
                g_x; g_y
            """,
            "code": """
                g_c; next(g_c)
            """,
            "codes": """
                g_m; distinct(h.h_c)
            """,
            "ref": """
                g_dev
            """,
        }
    ),
    "h": _listed(
        {
            "num": """
                h_n; g_n; row_index()
            """,
            "bool": """
                h_b; g_b
            """,
            "text": """
                h_t
            """,
            "code": """
                h_c; g_c
            """,
        }
    ),
    "v": _listed(
        {
            "num": """
                v_n
            """,
            "bool": """
                v_b; in_window(v_d); event_is('visit')
            """,
            "date": """
                v_d
            """,
        }
    ),
}

# kind -> templates; `kind` where a part of that kind goes, `num~g` for a part inside rows of g
_SHAPES = _listed(
    {
        "num": """
            {num} + {num}; {num} - {num}; {num} * {num}; {num} / {num}; -{num}; {num} ^ 2; {num} ^ -1; {num} ^ 0.5;
            {num} ^ {num}; abs({num}); round({num}); round({num}, 2); round({num}, -1); floor({num}); ceil({num}); floor({num}, 1); ceil({num}, {num});
            truncate({num}); truncate({num}, -1);
            sign({num}); log10({num}); hour({time}); hour({moment}); minute({time}); minute({moment}); number_of({text});
            position_of({text}, {text}); number_of(text_of({num}));
            mod({num}, {num}); sqrt({num}); exp({num}); ln({num}); number({bool}); count_true({bool}, {bool}, {bool});
            min({num}, {num}); max({num}, {num}, {num}); least({num}, {num}); greatest({num}, {num}); coalesce({num},
            {num}); if({bool}, {num}, {num}); twice({num}); days({date}, {date}); years({date}, {date});
            months({date}, {date}); completed_years({date}, {date}); completed_months({date}, {date});
            minutes({moment}, {moment}); hours({moment}, {moment}); year({partial}); month({date}); day({moment});
            weekday({date}); length({text}); book_year({text}); attr({code}, 'weight'); position({code}); let a =
            {num}, b = {num}: a * b + a; count(g where {bool~g}); sum(g: {num~g} where {bool~g}); mean(g: {num~g}
            where {bool~g}); min(g: {num~g}); max(g: {num~g} where {bool~g}); first(g: {num~g} by {date~g}); last(g:
            {num~g} where {bool~g} by {num~g}, {text~g}); sum(g.h: {num~h} where {bool~h}); count(g.h where {bool~h});
            sum(s in m1: attr(s, 'points')); count(o in {codes} where {bool}); max_run(g: {date~g} where {bool~g});
            max_run(g: {date~g} by {bool~g}); active(g: g_d, g_e, {date}, {num~g}); active(g: g_x, g_y, {moment},
            {num~g}); sum(visit: {num~v} where {bool~v}); count(visit where {bool~v}); last(visit: {num~v} by
            {date~v}); sum(patient.episode: n1 where {bool~e}); count(other episode where n1 > 2);
            count(patient.device where dev_made < dev_on); sum(u in {nums}: u + {num}); count(u in {nums} where u > {num});
            count(u in distinct(g: {date~g}) where u < {date}); count(u in distinct(g: {moment~g})); first(o in distinct(g.g_c): attr(o, 'weight') by
            -position(o)); sum(g: sum(h: {num~h} + outer.g_n)); position(first(o in distinct(g.h.h_c) by
            -position(o)))
        """,
        "bool": """
            {bool} and {bool}; {bool} or {bool}; not {bool}; {bool} is true; {bool} is not true; {bool} is false;
            {bool} is unknown; {num} = {num}; {num} != {num}; {num} < {num}; {num} <= {num}; {num} > {num}; {num} >=
            {num}; {date} = {date}; {date} != {date}; {date} < {date}; {date} >= {date}; {moment} <= {moment};
            {moment} > {date}; {moment} = {moment}; {partial} = {partial}; {partial} != {partial}; {partial} <
            {partial}; {partial} <= {partial}; {partial} > {date}; {moment} >= {partial}; {text} = {text}; {text} !=
            {text}; {code} = 'red'; {code} != {code}; {bool} = {bool}; {bool} != {bool}; {time} < {time}; {time} >=
            {time}; {ref} = {ref}; {num} in (0, 1, 2.50, -3); {code} in ('red', 'blue'); {text} not in ('abc', '');
            ('fever' in m1); {code} in distinct(g.g_c); {num} in {nums}; {date} not in distinct(g.g_d); {moment} in distinct(g: {moment~g});
            has_any({nums}, (1, 2.0)); any(u in distinct(g: {partial~g}) where u = {partial}); {bool} in distinct(g.g_b);
            {code} in distinct(g.h.h_c); filled({num}); empty({text});
            filled({codes}); filled({ref}); starts_with({text}, ('a', 'Ż')); ends_with({text}, ('c', 'ć', '1')); contains({text}, ('b', '/2'));
            matches({text}, ('[a-c]+', '\\w\\w')); matches({text}, '\\d*|.\\b.*'); sorts_before({text}, {text}); has_any(m1, ('fever', 'cough'));
            valid_pesel({text}); valid_npwz({text}); attr({code}, 'warm'); if({bool}, {bool}, {bool});
            coalesce({bool}, {bool}); between({num}, {num}, {num}); any(g where {bool~g}); all(g where {bool~g});
            any(g: {bool~g} where {bool~g}); all(g.h where {bool~h}); any(g.h: {bool~h} where {bool~h}); any(s in m1
            where attr(s, 'points') > {num}); all(o in distinct(g.g_c) where attr(o, 'warm')); unique(g: {num~g});
            unique(g: {code~g}, {text~g} where {bool~g}); no_overlap(g: g_d, g_e); no_overlap(g: g_d, g_e where
            {bool~g} by {code~g}); no_overlap(g: g_x, g_y where {bool~g}); no_overlap(g: {num~g}, {num~g}); covered(g:
            g_d, g_e, {date}, {date}); covered(g: g_x, g_y, {moment}, {moment} where {bool~g}); any(visit where
            {bool~v}); all(visit: {bool~v}); any(other episode where {bool~e}); in_window({date}); let q = {bool}: q
            or not q; unique(patient.device.dev_name); any(g where any(h where {bool~h} and outer.g_b))
        """,
        "text": """
            lower({text}); upper({text}); trim({text}); substring({text}, {num}); substring({text}, n3, {num});
            substring({text}, 2, 3); replace({text}, {text}, {text});
            replace({text}, 'b', {text}); concat({text}, {text}); text_of({num}); precision({partial}); label({code});
            attr({code}, 'family'); time({moment}); pesel_sex({text}); if({bool}, {text}, {text}); coalesce({text},
            {text}); first(g: {text~g} by {num~g}); last(g.h: {text~h})
        """,
        "date": """
            date({moment}); make_date({num}, {num}, {num}); make_date(2025, n3, 29); add_days({date}, {num});
            add_months({date}, {num}); earliest({partial}); latest({partial}); mid({partial}); if({bool}, {date},
            {date}); min({date}, {date}); greatest({date}, {date}); coalesce({date}, {date}); first(g: {date~g} where
            {bool~g} by {code~g}); max(g: {date~g} where {bool~g}); min(g.g_d); pesel_birthdate({text}); last(visit:
            {date~v})
        """,
        "partial": """
            if({bool}, {part}, {part}); coalesce({part}, {part}); last(g: g_p where {bool~g} by g_d); first(g.g_p)
        """,
        "part": """
            if({bool}, p1, p2)
        """,
        "moment": """
            add_hours({moment}, {num}); at_time({date}, {time}); if({bool}, {moment}, {moment}); min({moment}, {moment}); max(g: g_x where
            {bool~g}); coalesce({moment}, {moment})
        """,
        "time": """
            if({bool}, {time}, {time}); max({time}, {time}); make_time({num}, {num}); make_time(13, n3)
        """,
        "code": """
            if({bool}, {code}, {code}); coalesce({code}, {code}); first(g: g_c where {bool~g} by {num~g});
            last(g.h.h_c)
        """,
        "nums": """
            distinct(g: {num~g} where {bool~g}); distinct(visit: {num~v}); if({bool}, {nums}, {nums})
        """,
        "codes": """
            attr({code}, 'mixes'); distinct(g: {code~g} where {bool~g}); distinct(g.h: {text~h}); if({bool}, m1, m2)
        """,
        "ref": "",
    }
)


class Generator:
    """Draws expressions and records."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)  # noqa: S311 - not a secret

    def tree(self, kind: str, place: str = "f", depth: int = 4) -> Tree:
        """An expression of that kind that is legal at a place: the form, a row of g or h, a visit."""
        shapes = _SHAPES[kind]
        if kind != "part" and (depth <= 0 or not shapes or self.random.random() < 0.15):
            own = _ROW_LEAVES[place].get(kind, ())
            pool = own if own and self.random.random() < 0.7 else _LEAVES[kind]
            return Tree(kind, self.random.choice(pool))
        shape = self.random.choice(shapes)
        template, parts = "", []
        for piece in shape.replace("}", "{").split("{")[::2]:
            template += piece + "@"
        for name in shape.replace("}", "{").split("{")[1::2]:
            inner, _, rows = name.partition("~")
            parts.append(self.tree(inner, rows or place, depth - 1))
        return Tree(kind, template[:-1], tuple(parts))

    def some(self, pool: tuple[str, ...], chance: float = 0.8) -> Any:
        """One of the pool, or nothing, or a coded missing value."""
        draw = self.random.random()
        return self.random.choice(pool) if draw < chance else None

    def several(self, pool: tuple[str, ...]) -> list[str] | None:
        """Some of the pool."""
        return [each for each in pool if self.random.random() < 0.4] or None

    def rows(self, make: Callable[[], dict[str, Any]], most: int) -> list[dict[str, Any]]:
        """Up to so many rows."""
        return [make() for _ in range(self.random.randint(0, most))]

    def form(self) -> dict[str, Any]:
        """Values of the form f."""
        some, number = self.some, tuple(f"{n}" for n in range(-3, 14))
        reasons: Any = {"missing": self.random.choice(("nk", "nd"))}
        values: dict[str, Any] = {
            **{
                name: reasons if self.random.random() < 0.08 else some(NUMBERS)
                for name in ("n1", "n2", "hid", "held")
                if name != "held"
            },
            "hid": some(("1.5", "-2", "0")) if self.random.random() < 0.9 else reasons,
            "held": some(("1.5", "-2", "0")),
            "n3": some(number),
            "q1": {"value": "110", "unit": "umol/L"} if self.random.random() < 0.6 else None,
            **{name: self.random.choice((True, False, None)) for name in ("b1", "b2", "b3")},
            **{name: some(TEXTS) for name in ("t1", "t2")},
            **{name: some(DAYS) for name in ("d1", "d2")},
            **{name: some(PARTIALS) for name in ("p1", "p2")},
            **{name: some(MOMENTS) for name in ("x1", "x2")},
            **{name: some(CLOCKS) for name in ("k1", "k2")},
            **{name: some(COLORS) for name in ("c1", "c2")},
            **{name: self.several(SYMPTOMS) for name in ("m1", "m2")},
            "ref1": self.random.choice((None, 1, 2, "nobody")),
            "dev1": self.random.choice((None, 1, 2)),
            "other_rec": self.random.choice((None, {"ref": "visit[1].v"})),
            "about": self.random.choice((None, *({"ref": place} for place in PLACES))),
            "g": self.rows(self.row, 4),
        }
        return values

    def row(self) -> dict[str, Any]:
        """Values of a row of g."""
        some = self.some
        return {
            "g_name": some(TEXTS),
            "g_n": some(("1", "2", "-3", "0.5", "2.5", "1.0")) if self.random.random() < 0.9 else {"missing": "nk"},
            "g_b": self.random.choice((True, False, None)),
            "g_c": some(COLORS),
            "g_d": some(DAYS[:7]),
            "g_e": some(DAYS[:7], 0.5),
            "g_p": some(PARTIALS),
            "g_x": some(MOMENTS),
            "g_y": some(MOMENTS, 0.5),
            "g_m": self.several(SYMPTOMS),
            "size": some(("1", "0.5")),
            "g_dev": self.random.choice((None, 1, 2, "B")),
            "h": self.rows(
                lambda: {
                    "h_n": some(("1", "2.5", "-4")),
                    "h_c": some(COLORS),
                    "h_b": self.random.choice((True, False, None)),
                    "h_t": some(("a", "b", "B")),
                },
                3,
            ),
        }

    def subject(self) -> dict[str, Any]:
        """A patient: the form, visits, the person, perhaps other episodes."""
        some = self.some
        visits = self.rows(
            lambda: {
                "v": {
                    "v_n": some(("1", "2", "3.5")),
                    "v_d": some(DAYS[3:7]),
                    "size": some(("1", "2")),
                    "v_b": self.random.choice((True, False, None)),
                }
            },
            3,
        )
        devices = [
            {"dev_name": name, "dev_made": some(PARTIALS), "dev_on": some(DAYS), "size": some(("2", "3.5"))}
            for name in ("A", "B", "B")[: self.random.randint(0, 3)]
        ]
        others = self.rows(lambda: {"forms": {"f": {"n1": some(NUMBERS), "b1": self.random.choice((True, None))}}}, 2)
        person = {"born": some(DAYS), "number_of": some(TEXTS), "device": devices}
        return {"forms": {"f": self.form(), "person": person}, "events": {"visit": visits}, "episodes": others}
