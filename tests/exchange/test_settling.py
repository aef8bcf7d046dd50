"""What is imported passes the compiler: what it refuses of the rules is told and kept as text, anything else is refused."""

from decimal import Decimal

import pytest

from exchange.document import Imported, Rule
from exchange.findings import Finding, Outcome, Part, SourceFault
from exchange.settling import faults_of, settled


def rule(text, where="f.a"):
    return Rule(text, system="other", name="Logic", found=f"[{text}]", where=where)


def document(*items, checks=()):
    form = {"title": {"en": "F"}, "sections": [{"id": "s", "items": list(items)}]}
    return {
        "registry": "r", "version": "1.0.0", "languages": ["en"], "title": {"en": "R"},
        "forms": {"f": {**form, **({"checks": list(checks)} if checks else {})}},
    }  # fmt: skip


def item(name, **more):
    return {"id": name, "type": "integer", "label": {"en": name}, **more}


def test_rules_that_the_compiler_refuses_become_annotations_one_after_the_other():
    a, b = item("a", when=rule("nobody = 1")), item("b", calculate=rule("c + 1", "f.b"), when=rule("a > 0", "f.b"))
    c = item("c", calculate=rule("b + 1", "f.c"))  # in a circle with b
    found = settled(Imported(document(a, b, c), (Finding("f.a", Part.RULE, found="[nobody = 1]"),)))
    assert faults_of(found.text) == []
    assert "when" not in a
    assert a["annotations"] == {"other": {"Logic": "[nobody = 1]"}}
    assert b["when"] == "a > 0"
    assert ("calculate" in b) + ("calculate" in c) < 2
    told = {finding.where: finding for finding in found.findings if finding.outcome is Outcome.DROPPED}
    assert "unknown-name" in told["f.a"].reason
    assert len([finding for finding in found.findings if finding.where == "f.a"]) == 1


def test_a_rule_in_a_circle_is_found_however_far_below_its_item_it_stands():
    annotations = {"other": {"Note": "x" * 200, "More": "y" * 200}}
    first = item("first", when=rule("second = 1", "f.first"))
    second = item("second", annotations=annotations, hint={"en": "z" * 200}, when=rule("second > 1", "f.second"))
    found = settled(Imported(document(first, second)))
    assert "when" not in second
    assert first["when"] == "second = 1"
    assert [(each.where, each.outcome) for each in found.findings] == [("f.second", Outcome.DROPPED)]


def test_a_check_without_its_condition_leaves_its_text_at_the_form():
    check = {"id": "low", "assert": rule("nobody > 1"), "message": {"en": "Too low."}}
    made = document(item("a"), checks=[check])
    settled(Imported(made))
    assert "checks" not in made["forms"]["f"]
    assert made["forms"]["f"]["annotations"] == {"other": {"Logic (low)": "[nobody > 1]"}}


@pytest.mark.parametrize(
    ("items", "more", "where"),
    [
        ([{**item("a"), "type": "nothing_like_it"}], {}, "f.a"),
        ([item("a"), {**item("b"), "range": {"soft": [1, Decimal("1e400")]}}, item("c")], {}, "f.b"),
        ([{"group": "g", "title": {"en": "G"}, "items": [item("a"), {**item("b"), "type": "no"}]}], {}, "f.b"),
        ([item("a")], {"codelists": {"l": {"codes": {"1": {"en": "One"}}}, "m": {"codes": {"1": {}}}}}, "codelists.m"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_part_and_place(items, more, where):
    with pytest.raises(SourceFault, match=r"line \d+ of the result: ") as refused:
        settled(Imported({**document(*items), **more}))
    assert refused.value.where.startswith(f"{where}, line ")


def test_a_registry_keeps_what_it_is_called_when_it_is_imported_again():
    before = "registry: kept\nversion: 2.1.0  # of May\ntitle: {en: Ablation}\n"
    found = settled(Imported(document(item("a"))), before)
    assert found.text.startswith("registry: kept\nversion: 2.1.0  # of May\ntitle: {en: Ablation}\n")
    assert [finding.where for finding in found.findings] == ["registry", "version", "title"]


def test_a_title_that_stays_is_told_in_new_languages_as_what_was_read_tells_it():
    made = document(item("a", label={"en": "a", "pl": "a"})) | {
        "languages": ["pl", "en"],
        "title": {"pl": "Nowy", "en": "New"},
    }
    made["forms"]["f"] = {"title": {"pl": "F", "en": "F"}, "sections": made["forms"]["f"]["sections"]}
    found = settled(Imported(made), "registry: r\nversion: 1.0.0\ntitle: {en: Ablation, de: Ablation}\n")
    assert "title: {pl: Nowy, en: Ablation}" in found.text
