"""The page of a grid: the records with what rules say of them, and all around."""

from __future__ import annotations

import secrets

from flask import Response, url_for
from markupsafe import Markup

from engine.datatypes.words import date_text
from engine.records import Session
from engine.records.browser_state import Sheet as Shown
from engine.records.browser_state import sheets_state
from engine.records.evaluation import Evaluation, Violation
from engine.records.form_data import FormData
from engine.records.path import ItemPath
from engine.records.quiet import filled
from renderers.html import Link, Notice, script_safe, where_json
from renderers.html.grid import Column, GridMaker, outspoken
from renderers.html.page import SCRIPT_WORDS
from renderers.html.segments import Live
from web.discretion import items_of, veiled_keys
from web.entry import address_of
from web.form_page import answers_of, band_of, clear_words, elsewhere_of, link_to
from web.pages import links_of, render
from web.query_badges import cell_badges
from web.series import WINDOW, OpenSeries, Sheet, series_words
from web.titles import STATES, event_title, form_words
from web.workspace import Visit, visit


def grid_page(grid: OpenSeries, maker: GridMaker, notices: tuple[Notice, ...], *, strict: bool = False) -> Response:
    """The grid as it stands; `strict` says what is missing, too."""
    one, may_enter = visit(), grid.may_enter
    hidden = items_of(grid.series.form, veiled_keys(grid.version.registry, grid.actor))
    look = Look(grid, one, may_enter=may_enter, strict=strict) if grid.sheets else None
    made = maker.make([look.column(sheet) for sheet in grid.sheets] if look is not None else [], hidden)
    script = ""
    if look is not None and look.shown:
        state = sheets_state(look.session, grid.series.form, look.shown, lambda home: where_json(link_to(grid, home)))
        script = script_safe(maker.for_script(made.columns) | {"state": state})
    last, title = grid.first + WINDOW, series_words(grid.version.registry.model, grid.series, one.language)
    links = links_of(
        one,
        action=address(grid, "grids.post"),
        autosave=address(grid, "grids.autosave"),
        program=url_for(
            "programs.program", registry=grid.version.name, definition=grid.version.registry.hash,
            form=grid.series.form, language=one.language,
        ),
    )  # fmt: skip
    return render(
        "grid.html", links=links, grid=made, title=title, form=grid.form, band=band_of(grid, one), crumbs=_crumbs(grid, one),
        notices=notices, may_enter=bool(script), key=secrets.token_urlsafe(18), strict=strict,
        script=Markup(script),  # noqa: S704 -- script_safe has made it
        saved_state=_saved(grid, one, may_enter=may_enter), live=Live, script_words=[*SCRIPT_WORDS],
        earlier=address(grid, first=grid.sheets[max(grid.first - WINDOW, 0)].number) if grid.first else "",
        later=address(grid, first=grid.sheets[last].number) if last < len(grid.sheets) else "",
        here=grid.sheets[grid.first].number if grid.sheets else 0,
    )  # fmt: skip


class Look:
    """Looks at one record after the other, and keeps what the browser is to start from."""

    def __init__(self, grid: OpenSeries, one: Visit, *, may_enter: bool, strict: bool) -> None:
        self.grid = grid
        self.session: Session = grid.session(one.now, one.language)
        self.shown: list[Shown] = []  # those with inputs
        self._one = one
        self._may_enter = may_enter
        self._strict = strict
        self._blank: Evaluation | None = None  # of the last one, as long as none with answers follows

    def column(self, sheet: Sheet) -> Column:
        """A record as the grid shows it."""
        entry, one = sheet.entry, self._one
        live = sheet.live and self._may_enter
        values, evaluation = self._judged(sheet) if sheet.number in self.grid.there or live else ({}, None)
        shown, told, clears = None, tuple[Violation, ...](), ""
        if live and evaluation is not None:
            shown = evaluation
            told = tuple(outspoken(self._spoken(sheet, evaluation), strict=self._strict and not sheet.blank))
            if evaluation.to_clear:
                clears = "; ".join(clear_words(entry, self.session, evaluation, one.language))
        return Column(
            sheet.key, self._title(sheet), date_text(sheet.day, one.language) if sheet.day else "",
            address_of(entry), "draft" if entry.draft is not None else STATES[entry.stored.state if entry.stored else ""],
            entry.data if not sheet.blank else FormData(), values, shown, told,
            answers_of(entry, evaluation) if told and evaluation is not None else {},
            elsewhere_of(entry, evaluation) if told and evaluation is not None else {},
            str(entry.start().revision), self._decision(sheet), clears, cell_badges(entry),
        )  # fmt: skip

    def _judged(self, sheet: Sheet) -> tuple[dict[str, object], Evaluation | None]:
        """What is calculated for a record, and what rules say of it where it may have inputs."""
        if sheet.number not in self.grid.there:
            if self._blank is None:
                self._blank = self.grid.begin(sheet, self._one.now, self._one.language)
            nodes = self.grid.absent(self.session, sheet)
            self.shown.append(Shown(nodes[-1], frozenset(), (), nodes))
            return {}, self._blank
        self._blank = None
        evaluation = self.grid.look(self.session, sheet)
        if sheet.live and self._may_enter:
            self.shown.append(Shown(self.session.focus, _touched(sheet), evaluation.violations))
        return dict(evaluation.calculated), evaluation

    def _spoken(self, sheet: Sheet, evaluation: Evaluation) -> tuple[Violation, ...]:
        """What is not kept quiet about a record that was only just begun."""
        touched = None if self._strict else _touched(sheet)
        quiet = sheet.entry.quiet(evaluation, touched)
        return tuple(each for each in evaluation.violations if each not in quiet)

    def _title(self, sheet: Sheet) -> str:
        model, series = self.grid.version.registry.model, self.grid.series
        if series.event:
            return event_title(model, series.event, sheet.number, self._one.language)
        return f"{form_words(model, series.form, self._one.language)} {sheet.number}"

    def _decision(self, sheet: Sheet) -> Link | None:
        """That somebody else saved the record meanwhile, and the way to both values."""
        draft = sheet.entry.draft
        if draft is None or draft.revision >= sheet.entry.revision or not self._may_enter:
            return None
        return Link(self._one.words("grid_stale", title=self._title(sheet)), address_of(sheet.entry, "forms.resolve"))


def _touched(sheet: Sheet) -> frozenset[ItemPath] | None:
    return None if sheet.entry.stored is not None else filled(sheet.entry.data)


def address(grid: OpenSeries, endpoint: str = "grids.show", **parts: str | int | None) -> str:
    """The address of a grid, or of what belongs to it."""
    return url_for(endpoint, registry=grid.version.name, who=grid.who, series=str(grid.series), **parts)  # type: ignore[arg-type]  # parts of the query


def _crumbs(grid: OpenSeries, one: Visit) -> tuple[Link, ...]:
    name = grid.version.name
    return (
        Link(one.words("patients"), url_for("patients.listed", registry=name)),
        Link(grid.who, url_for("patients.show", registry=name, who=grid.who)),
    )


def _saved(grid: OpenSeries, one: Visit, *, may_enter: bool) -> Live:
    """The save state, for the macro that shows it."""
    entries = [sheet.entry for sheet in grid.sheets]
    drafts = [entry.draft.saved_at for entry in entries if entry.draft is not None and entry.draft.saved_at is not None]
    stored = [entry.stored.saved_at for entry in entries if entry.stored is not None]
    state, times = ("copy", drafts) if drafts else ("saved", stored) if stored else ("new", [])
    time = one.tongue.moment(max(times), one.now) if times else ""
    return Live((state if may_enter else "read_only",), {"state": state if may_enter else "read_only", "time": time})


__all__ = ["address", "grid_page"]
