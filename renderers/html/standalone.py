"""A form as one file without values: to read, to print, to send round."""

from __future__ import annotations

from dataclasses import replace

from markupsafe import Markup

from engine.model.form import FormDef, GroupDef
from engine.records.evaluation import Evaluation
from engine.records.form_data import FormData, RowData
from renderers.html.context import Band, PageContext, Save, Shell
from renderers.html.environment import STATIC
from renderers.html.names import levels
from renderers.html.page import Pages, Registry, compile_pages

_BLANK_ROWS = 1  # of a group that demands none


def render_form_html(registry: Registry, form_id: str, language: str) -> str:
    """A complete page of a blank form; style and signs are in it, so that the file needs nothing else."""
    pages: Pages = compile_pages(registry, languages=(language,), inline_icons=True)
    form = registry.model.forms[form_id]
    data = blank_data(form)
    title = f"{registry.model.registry} {registry.model.version}"
    page = replace(
        pages.page(form_id, language, "print"), frame=pages.makers[language].environment.get_template("standalone.html")
    )
    context = PageContext(
        shell=Shell(definition=title, languages={}),
        band=Band(sign=registry.model.registry),
        save=Save("read_only"),
        state="open",
    )
    return page.render(data, blank_evaluation(form, data), context, more={"sheets": _sheets(), "sprite": _sprite()})


def blank_data(form: FormDef) -> FormData:
    """No values, but rows to write in."""
    return FormData({}, _blank_rows(form.groups))


def _blank_rows(groups: tuple[GroupDef, ...]) -> dict[str, tuple[RowData, ...]]:
    return {
        group.id: tuple(
            RowData(str(number), {}, _blank_rows(group.groups))
            for number in range(1, max(group.min_rows, _BLANK_ROWS) + 1)
        )
        for group in groups
    }


def blank_evaluation(form: FormDef, data: FormData) -> Evaluation:
    """Everything is shown, whatever it depends on; required is what always is."""
    visible, required = set(), set()
    for level in levels(form, data):
        for item in level.part.items:
            path = str(level.place.path.at(item.id))
            visible.add(path)
            if item.required is True:
                required.add(path)
        visible.update(str(level.place.path.at(group.id)) for group in level.part.groups)
    return Evaluation(visible=frozenset(visible), required=frozenset(required))


def _sheets() -> list[Markup]:
    return [Markup((STATIC / name).read_text(encoding="utf-8")) for name in ("tokens.css", "ui.css")]  # noqa: S704 - ours


def _sprite() -> Markup:
    return Markup((STATIC / "icons.svg").read_text(encoding="utf-8"))  # noqa: S704 - ours
