"""What a page shows: escaped, as much as a role may see, calm until somebody asks for completion."""

import re
from dataclasses import replace

import pytest

from engine.compiler import compile_model
from engine.datatypes import Choice, FileValue, Unread
from engine.definitions import read_definition_text
from engine.model.code_list import MissingList
from engine.model.form import CheckSeverity, FormDef, GroupDef, SectionDef
from engine.model.item import ExpressionText
from engine.records.explaining import Fact
from engine.records.form_data import FormData, RowData
from renderers.html import (
    Badge,
    Band,
    Link,
    Links,
    Note,
    Notice,
    PageContext,
    Save,
    Shell,
    compile_pages,
    render_form_html,
    script_safe,
)
from tests.renderers.sample import item, make_evaluation, text, violation

HOSTILE = """<img src=x onerror=alert(1)>"'`&{{ 7*7 }}{% raw %}</script>\ue000"""


@pytest.fixture(scope="module")
def hostile_form():
    codes = {"a": Choice("a", text(HOSTILE)), "b": Choice("b", text("B"))}
    reasons = MissingList("m", {"nk": text(HOSTILE)})
    inner = (
        item("t", "text", HOSTILE, hint=(HOSTILE, HOSTILE)),
        item("c", "code", HOSTILE, facets={"choices": codes}, missing=reasons),
    )
    more = (
        item("q", "quantity", HOSTILE, facets={"unit": "<b>", "units": {'"x': 1}}),
        item("l", "long_text", HOSTILE),
        item("k", "integer", HOSTILE, calculate="l + 1 < 2 & '<b>'"),
        item("n", "note", HOSTILE),
        item("f", "file", HOSTILE),
    )
    group = GroupDef("g", inner, title=text(HOSTILE), key="t", row_title=text("{t} <b>"))
    return FormDef(
        "f", text(HOSTILE), (SectionDef("s", text(HOSTILE), (*more, group), note=text(HOSTILE)),), intro=text(HOSTILE)
    )


@pytest.mark.parametrize("mode", ["edit", "read", "print"])
def test_hostile_labels_values_and_messages_are_escaped(hostile_form, registry_of, mode):
    rows = (RowData("r1", {"t": HOSTILE, "c": "a"}), RowData("r2", {"t": HOSTILE, "c": Unread(HOSTILE, "type", "x")}))
    file = FileValue(HOSTILE, "image/png", 9, "ab" * 32)
    data = FormData({"q": Unread(HOSTILE, "type", "x"), "l": HOSTILE, "f": file}, {"g": rows})
    broken = [
        violation(HOSTILE, severity, path, HOSTILE)
        for severity in CheckSeverity
        for path in ("q", "g", "g[1].t", "g[1]", "")
    ]
    context = PageContext(
        shell=Shell(HOSTILE, HOSTILE, (Link(HOSTILE, HOSTILE),), (Link(HOSTILE, HOSTILE),), {"pl": HOSTILE}, HOSTILE),
        band=Band(HOSTILE, HOSTILE, (HOSTILE,)),
        save=Save("saved", HOSTILE),
        crumbs=(Link(HOSTILE, HOSTILE),),
        open_rows=frozenset({"g.r1"}),
        summary=True,
        badges={"q": Badge(1, HOSTILE)},
        changes=(Note(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        clears=(HOSTILE,),
        why=lambda _: (Fact(HOSTILE, HOSTILE, HOSTILE, "q"), Fact(HOSTILE, HOSTILE)),
        notices=(Notice(HOSTILE), Notice(HOSTILE, "ok")),
        revision=HOSTILE,
    )
    page = compile_pages(registry_of(hostile_form)).form(
        "f",
        language="pl",
        mode=mode,
        data=data,
        evaluation=make_evaluation(hostile_form, data, broken, calculated={}),
        context=context,
        state_json=script_safe({"x": HOSTILE}),
    )

    assert "<img" not in page
    assert "onerror=alert(1)>" not in page
    assert "49" not in page.replace("&#39;", "").replace("&#34;", "")
    assert page.count("</script>") == page.count("<script")


def test_state_in_a_script_element_cannot_leave_it():
    assert script_safe({"a": "</script><!--\u2028"}) == '{"a":"\\u003c/script\\u003e\\u003c!--\\u2028"}'


def test_what_a_role_may_not_see_is_not_on_the_page(pages, form, data, evaluation):
    context = PageContext(hidden_items=frozenset({"op1_npwz", "lx_cm"}), open_rows=frozenset({"lx.b2"}))
    page = pages.form(form.id, language="pl", data=data, evaluation=evaluation, context=context)

    assert "5425740" not in page
    assert 'name="op1_npwz"' not in page
    assert page.count("ukryte dla Twojej roli") >= 2
    assert 'data-item="op2_npwz"' in page


def test_what_a_role_may_not_edit_is_text(pages, form, data, evaluation, post_of):
    context = PageContext(fixed_items=frozenset({"location", "ward"}))
    page = pages.form(form.id, language="pl", data=data, evaluation=evaluation, context=context)

    assert "Sala hybrydowa" in page
    assert not {"location", "ward"} & dict(post_of(page)).keys()


def test_an_unfinished_form_is_calm_until_completion_is_asked_for(pages, form):
    data = FormData()
    evaluation = make_evaluation(
        form, data, [violation("required", CheckSeverity.ERROR, "location", "Uzupełnij pole.")]
    )

    def render(**more):
        return pages.form(form.id, language="pl", data=data, evaluation=evaluation, context=PageContext(**more))

    assert "Uzupełnij pole." not in render()
    assert "Uzupełnij pole." in render(summary=True)
    assert "Uzupełnij pole." in render(state="complete")


@pytest.mark.parametrize(
    ("message", "told", "listed"),
    [
        ("„שלום” nie jest liczbą.", "„<bdi>שלום</bdi>” nie jest liczbą.", "Sala: „<bdi>שלום</bdi>” nie jest liczbą."),
        ("'<b>' isn't a number.", "'<bdi>&lt;b&gt;</bdi>' isn&#39;t a number.", None),
        ("Uzupełnij pole „Sala”.", "Uzupełnij pole „<bdi>Sala</bdi>”.", "Uzupełnij pole „<bdi>Sala</bdi>”."),
        ("Sala nie pasuje do zabiegu.", "Sala nie pasuje do zabiegu.", "Sala nie pasuje do zabiegu."),
    ],
)
def test_quoted_values_stand_apart_and_labels_are_told_once(registry_of, message, told, listed):
    form = FormDef("f", text("F"), (SectionDef("s", text("S"), (item("room", "text", "Sala"),)),))
    data = FormData()
    evaluation = make_evaluation(form, data, [violation("type", CheckSeverity.ERROR, "room", message)], calculated={})
    page = compile_pages(registry_of(form)).form(
        "f", language="pl", data=data, evaluation=evaluation, context=PageContext(summary=True)
    )
    assert f"<span data-text>{told}</span>" in page
    assert f'href="#room">{listed or "Sala: " + told}</a></li>' in page


def test_a_place_with_two_warnings_is_listed_once_and_each_answer_says_to_which_it_is(registry_of):
    form = FormDef("f", text("F"), (SectionDef("s", text("S"), (item("room", "text", "Sala"),)),))
    both = [violation(code, CheckSeverity.WARNING, "room", f"Rzadka: {code}.") for code in ("A", "B")]
    page = compile_pages(registry_of(form)).form(
        "f", language="pl", data=FormData(), evaluation=make_evaluation(form, FormData(), both, calculated={}),
        context=PageContext(summary=True),
    )  # fmt: skip
    assert page.count('<a class="warn" href="#room">Sala</a>') == 1
    assert [f"<span data-about>Rzadka: {code}.</span>" in page for code in ("A", "B")] == [True, True]


def test_a_calculated_value_says_why_with_the_real_numbers(pages, form, data, evaluation):
    facts = {
        "duration": (
            Fact("Koniec zabiegu", "17.03.2025 11:05", path="proc_end"),
            Fact("Elektroda 1", "czas = 5", ": ", "lx[1]"),
            Fact("Wiek", "71"),
        )
    }
    page = pages.form(
        form.id,
        language="pl",
        data=data,
        evaluation=evaluation,
        context=PageContext(why=lambda path: facts.get(path, ())),
    )

    assert 'href="#proc_end">Koniec zabiegu</a> <b>17.03.2025 11:05</b>' in page
    assert f'href="#r-lx.{data.groups["lx"][0].id}">Elektroda 1:</a> <b>czas = 5</b>' in page
    assert '<span class="input-line">Wiek <b>71</b></span>' in page
    assert "<code>minutes(proc_start, proc_end)</code>" in page


def test_conditions_hide_in_edit_and_omit_in_read(pages, form, data, evaluation):
    without = replace(evaluation, visible=evaluation.visible - {"ward"})

    edit = pages.form(form.id, language="pl", data=data, evaluation=without)
    read = pages.form(form.id, language="pl", mode="read", data=data, evaluation=without)

    assert 'id="f-ward" data-item="ward" hidden' in edit
    assert 'data-item="ward"' not in read


def test_a_section_without_anything_to_show_is_hidden(registry_of):
    section = SectionDef("s", text("Ukryta"), (item("a", "text", "A"),), when=ExpressionText("x"))
    inside = SectionDef("i", text("Warunkowe"), (item("b", "text", "B", when="x"),))
    form = FormDef("f", text("F"), (section, inside, SectionDef("o", text("Otwarta"), ())))
    data = FormData()
    page = compile_pages(registry_of(form)).form(
        "f", language="pl", data=data, evaluation=make_evaluation(form, data, hidden=("a", "b"), calculated={})
    )

    assert 'id="s-s" aria-labelledby="s-s-t" tabindex="-1" data-when hidden' in page
    assert 'id="s-i" aria-labelledby="s-i-t" tabindex="-1" data-when hidden' in page
    assert 'id="s-o" aria-labelledby="s-o-t" tabindex="-1">' in page


def test_a_closed_row_tells_no_yes_or_no_without_its_question(registry_of):
    group = GroupDef("g", (item("t", "text", "T"), item("b", "boolean", "B"), item("u", "text", "U")), key="t")
    form = FormDef("f", text("F"), (SectionDef("s", text("S"), (group,)),))
    data = FormData({}, {"g": (RowData("r1", {"t": "pierwszy", "b": False, "u": "drugi"}),)})
    page = compile_pages(registry_of(form)).form(
        "f", language="pl", data=data, evaluation=make_evaluation(form, data, hidden=(), calculated={})
    )

    assert "<h4 data-title>pierwszy</h4>" in page
    assert "<span data-summary>drugi</span>" in page


def test_a_choice_with_many_codes_is_looked_up(make_item):
    from engine.datatypes import Control
    from renderers.html.faces import control_of

    codes = {f"c{n}": Choice(f"c{n}", text(f"C {n}")) for n in range(400)}

    assert control_of(make_item("x", "code", "X", facets={"choices": codes})) is Control.LOOKUP


def test_a_section_without_a_title_goes_by_that_of_its_form():
    text = (
        "{registry: r, version: 1.0.0, languages: [en], title: {en: R}, forms: {f: {in: patient, title: {en: Wounds}, sections: ["
        "{id: section, items: [{id: a, type: text, label: {en: A}}]},"
        "{id: named, title: {en: Signs}, items: [{id: b, type: text, label: {en: B}}]}]}}}"
    )
    page = render_form_html(compile_model(read_definition_text(text.encode(), "r.yaml").model), "f", "en")
    assert re.findall(r"<h2 id=\"s-[a-z]+-t\">([^<]*)</h2>", page) == ["Wounds", "Signs"]


@pytest.mark.parametrize(
    ("language", "marks"), [("ar", ' lang="ar" dir="rtl"'), ("fr", ' lang="fr"'), ("pl", ""), ("en", "")]
)
def test_texts_in_a_language_that_the_interface_does_not_speak_say_which_it_is_and_where_they_begin(language, marks):
    label = f"label: {{{language}: L}}"
    text = (
        f"registry: r\nversion: 1.0.0\ntitle: {{{language}: R}}\nlanguages: [{language}]\nforms:\n  f:\n    in: patient\n"
        f"    title: {{{language}: F}}\n    sections:\n      - id: s\n        title: {{{language}: S}}\n        items:\n"
        f"          - {{id: t, type: text, {label}}}\n          - {{id: n, type: note, {label}}}\n"
    )
    registry = compile_model(read_definition_text(text.encode(), "r.yaml").model)
    page = render_form_html(registry, "f", language if language == "en" else "pl")
    assert f"<h1{marks}>F</h1>" in page
    assert f'<h2 id="s-s-t"{marks}>S</h2>' in page
    assert f'<div class="f-l"{marks}>' in page
    assert f"<p{marks}>L</p>" in page


@pytest.mark.parametrize("language", ["pl", "en"])
def test_the_blank_form_asks_everything_and_stands_alone(registry, language):
    page = render_form_html(registry, "procedure", language)

    assert ("Początek zabiegu" if language == "pl" else "Start of procedure") in page
    assert "Długość pozostawionego" in page or "Length of the remnant" in page
    assert 'src="' not in page
    assert "stylesheet" not in page
    assert page.startswith("<!doctype html>") or page.lstrip().startswith("<!doctype html>")


@pytest.mark.parametrize(("mode", "buttons"), [("edit", 1), ("read", 0), ("print", 0)])
@pytest.mark.parametrize("address", ["", "/files/"])
def test_a_file_leads_to_its_content_where_there_is_an_address(registry_of, mode, buttons, address):
    taken = {"media_types": ("image/png", "application/pdf"), "max_bytes": 10_485_760}
    form = FormDef("f", text("F"), (SectionDef("s", text("S"), (item("a", "file", "A", facets=taken),)),))
    data = FormData({"a": FileValue("wypis 2.pdf", "application/pdf", 1_234_567, "ab" * 32)})
    page = compile_pages(registry_of(form)).form(
        "f", language="pl", mode=mode, data=data, evaluation=make_evaluation(form, data, calculated={}),
        context=PageContext(shell=Shell(links=Links(files=address))),
    )  # fmt: skip

    assert "wypis 2.pdf" in page
    assert "1,2 MB" in page
    assert page.count(f'href="/files/{"ab" * 32}"') == (1 if address and mode != "print" else 0)
    assert page.count('value="clear:a"') == buttons
    assert page.count('accept="image/png,application/pdf" data-largest="10485760"') == buttons
    assert page.count('enctype="multipart/form-data"') == buttons
    assert ("PNG, PDF, do 10 MB" in page) is (mode != "read")


def test_a_form_without_files_is_posted_as_ever(registry_of):
    form = FormDef("f", text("F"), (SectionDef("s", text("S"), (item("a", "text", "A"),)),))
    data = FormData()
    page = compile_pages(registry_of(form)).form(
        "f", language="pl", data=data, evaluation=make_evaluation(form, data, calculated={})
    )

    assert "enctype" not in page
