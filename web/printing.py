"""A form of a patient as PDF: what its page shows to those who read it, with who saved it when; or a sheet to fill in."""

from __future__ import annotations

from dataclasses import replace

from flask import Response, abort

from engine.datatypes.local_time import to_local
from engine.datatypes.words import datetime_text
from engine.records.evaluation import Evaluation
from renderers.html import Band, Shell
from renderers.paper import CannotPrint, Printing, Record, filled_document, form_document, pdf_of, word
from storage.answers import Answer
from storage.history import last_save
from storage.states import FINISHED, Action
from web.downloads import file_download, made_up_words
from web.entry import Entry
from web.form_page import Told, answers_of, band_of, reading_of, warnings_of
from web.places import site_named
from web.standing import mark_words
from web.state_page import at_signing
from web.titles import STATES, event_title, form_words
from web.workspace import Visit, visit, workspace

NOT_INSTALLED = 501


def pdf_answer(entry: Entry) -> Response:
    """The PDF, shown by the browser and not kept by it; where printing is not installed, a page that says so."""
    one = visit()
    try:
        pdf = pdf_of([_document(entry)])
    except CannotPrint:
        abort(NOT_INSTALLED)
    name = f"{band_of(entry, one).who} {form_words(entry.version.registry.model, entry.spot.form, one.language)}.pdf"
    return file_download(pdf, name, "application/pdf", shown=True)


def _document(entry: Entry) -> str:
    """The form as it stands; one in which nothing was entered yet, to be filled in with a pen."""
    one, form = visit(), entry.spot.form
    printing = Printing(entry.version.registry, one.language, one.now)
    record = _record(entry, band_of(entry, one))
    if entry.stored is None and entry.draft is None:
        return form_document(printing, form, record=record)
    _, evaluation, context = reading_of(entry, Told())
    evaluation = _with_accepted(entry, evaluation)
    context = replace(
        context, shell=Shell(), navigator=(), crumbs=(), acknowledged=answers_of(entry, evaluation, _signed)
    )
    return filled_document(printing, entry.version.pages, form, entry.data, evaluation, context, record)


def _with_accepted(entry: Entry, evaluation: Evaluation) -> Evaluation:
    """What rules say, with the warnings that are judged at signing alone and were accepted there."""
    if entry.stored is None or entry.draft is not None:
        return evaluation
    known, told = entry.around.told.answers, {key for *_, key in warnings_of(entry.data, evaluation)}
    found = warnings_of(entry.data, at_signing(entry)) if known.keys() - told else ()
    accepted = tuple(each for _, each, key in found if key in known and key not in told)
    return replace(evaluation, violations=(*evaluation.violations, *accepted))


def _signed(answer: Answer) -> str:
    """The reason for accepting a warning, and whose it is."""
    return f"{answer.reason} ({answer.who})" if answer.reason else ""


def _record(entry: Entry, band: Band) -> Record:
    """What stands on top: the patient, or the hospital that keeps the record of its own."""
    one, spot = visit(), entry.spot
    model, language = entry.version.registry.model, one.language
    event = spot.event or next((each.id for each in model.events.values() if spot.form in each.forms), "")
    facts = {
        "patient.short": ", ".join((band.who, *band.facts)) if site_named(entry.who) is None else "",
        "visit": event_title(model, event, spot.number or 1, language) if event else "",
        "saved": _saved(entry),
        "state": one.words(f"state_{STATES[entry.stored.state]}") if entry.stored is not None else "",
        "signatures": _signatures(entry, one),
    }
    signed = bool(facts["signatures"])
    drafts = [] if signed and entry.draft is None else [word("draft", language)]
    drafts += [word("unsaved", language)] if entry.draft is not None else []
    made_up = made_up_words()
    drafts += [": ".join(made_up)] if made_up else []
    told = tuple((word(key, language), text) for key, text in facts.items() if text)
    return Record(band.who, told, " · ".join(drafts), "".join(made_up[:1]))


def _signatures(entry: Entry, one: Visit) -> str:
    """Who signed it when, with which meaning, and whether it still agrees; '' where no signature stands."""
    if entry.stored is None or entry.stored.state not in FINISHED:
        return ""
    signed = entry.around.told.signatures.standing(Action.SIGN)
    if signed is None:
        return ""
    verdict = one.words(f"verdict_{signed.verdict(entry.stored)}")
    return " ".join((*mark_words(signed, one), one.words("mark_version", version=signed.version), verdict))


def _saved(entry: Entry) -> str:
    """When, by whom, for which time."""
    if entry.stored is None:
        return ""
    one = visit()
    saved = last_save(workspace().database, entry.actor, entry.subject, entry.stored, at=one.now)
    time = datetime_text(to_local(entry.stored.saved_at), one.language)
    told = f"{time}, {saved.who}" if saved is not None else time
    return f"{told} ({word('revision', one.language, entry.stored.revision)})"


__all__ = ["pdf_answer"]
