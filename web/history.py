"""What was before: the history of a field, of a form, of a patient; in words, for those who may see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from engine.model.text import in_language
from renderers.html import Band, Link
from storage.audit import LINKS
from storage.errors import NotFound
from storage.form_data import FormRecord, SubjectRecord, load_subject
from storage.form_index import index_form
from storage.gone_forms import GoneForm, gone_forms
from storage.history import LogEntry, form_history, subject_history
from storage.slots import Key
from storage.structure import InstanceRow
from storage.subjects import find_pseudonym
from web.denials import log_seen
from web.entry import Entry, address_of, open_entry, subject_named
from web.form_page import band_of, crumbs_of, facts_of
from web.history_words import Deed, FormWords, deed_of, key_in, words_for
from web.merged import merged_as
from web.overview import Glance
from web.pages import render
from web.parts import part_title
from web.permissions import needs
from web.places import home_of, site_named, spot_of, whole_number
from web.registries import Version
from web.roles import Permission, allows
from web.titles import event_title, form_words
from web.workspace import Visit, version_of, visit, workspace

history = Blueprint("history", __name__, url_prefix="/<registry>/<subject:who>")
PAGE = 25  # entries
MOST = 2**31 - 1  # the largest number that an entry can have
LINES = 12  # of an entry on the patient's page; the form's page has them all


@history.get("/forms/<spot>/history")
@needs(Permission.HISTORY)
def of_form(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """All that was done to a form; with ?field= to one of its fields."""
    one, space = visit(), workspace()
    entry = open_entry(space, one.actor, who, spot, one.now)
    assert registry == entry.version.name
    key = key_in(request.args["field"]) if request.args.get("field") else None
    if key is not None and key[1] not in index_form(entry.form).items:
        abort(404)
    entries = (
        form_history(space.database, entry.version.registry, one.actor, entry.record, entry.stored, at=one.now)
        if entry.stored
        else ()
    )
    told = [(each, [change for change in each.values if key in (None, change.key)]) for each in entries]
    if key is not None:
        told = [(each, changes) for each, changes in told if changes]
    rows = any(change.key[0] for _, changes in told for change in changes)
    words = words_of_form(entry, one, rows=rows)
    deeds = [
        deed_of(each, one.tongue, tuple(words.line(change, each.definition) for change in changes))
        for each, changes in told
    ]
    _log(entry.record, ((entry.stored, each) for each, _ in told), one, key)
    drawer = key is not None and request.headers.get("X-Requested-With") == "fetch"
    return render(
        "history_drawer.html" if drawer else "history.html", entry=entry, band=band_of(entry, one), crumbs=crumbs_of_past(entry, one), deeds=deeds, one=one,
        title=form_words(entry.version.registry.model, entry.spot.form, one.language), field=_field(words, key, one),
        form_href=address_of(entry), past=address_of(entry, "history.of_form"),
        then=address_of(entry, "past.then"), compare=address_of(entry, "past.compared"),
    )  # fmt: skip


@history.get("/history")
@needs(Permission.HISTORY)
def of_subject(registry: str, who: str) -> ResponseReturnValue:
    """All that was done to a patient's record, as far as one may see it."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject, out = _subject_of(who)
    record = load_subject(space.database, version.registry, one.actor, subject, one.now)
    before = min(max(request.args.get("before", 0, type=whole_number), 0), MOST)
    found = subject_history(
        space.database, version.registry, one.actor, record, at=one.now, before=before, size=PAGE + 1
    )
    mine = {each.registry for each in one.memberships}
    shown = [each for each in found[:PAGE] if each.kind not in LINKS or each.body["other"][0] in mine]
    forms = {form.id: form for form in record.forms.values()}
    _log(record, ((forms.get(each.form or 0), each) for each in shown), one, None)
    return render(
        "patient_history.html", registry=registry, who=who.upper(), one=one, out=out, deeds=_told(version, record, shown, forms, one, who),
        band=_band(version, record, one, who), home=home_of(registry, who), before=before, most=LINES,
        next=found[PAGE - 1].number if len(found) > PAGE else 0,
    )  # fmt: skip


def _subject_of(who: str) -> tuple[int, bool]:
    """The subject, and whether it is withdrawn: who may restore it reads what became of it. Raises NotFound."""
    one, database = visit(), workspace().database
    try:
        return subject_named(database, one.actor, who, one.now), False
    except NotFound:
        if not allows(one.actor.role, Permission.VOID) or merged_as(who) is not None:
            raise
        return find_pseudonym(database, one.actor, who, at=one.now, withdrawn=True), True


def _told(
    version: Version,
    record: SubjectRecord,
    shown: Sequence[LogEntry],
    forms: dict[int, FormRecord],
    one: Visit,
    who: str,
) -> list[tuple[Deed, str, str]]:
    """What was done, to which form, and where that is told in full."""
    words: dict[int, FormWords] = {}
    told = []
    lost = {each.form for each in shown if each.form is not None} - forms.keys()
    gone = gone_forms(workspace().database, one.actor, record.subject, lost, at=one.now)
    for each in shown:
        form = forms.get(each.form or 0)
        if form is None or form.place.form not in version.registry.model.forms:
            told.append((deed_of(each, one.tongue), _once(version, record, gone.get(each.form or 0), one), ""))
            continue
        entry = Entry(
            version, one.actor, who.upper(), record.subject, spot_of(record, form.place), record, form.place, form, None
        )
        if form.id not in words:
            own = [change for other in shown if other.form == form.id for change in other.values]
            words[form.id] = words_of_form(entry, one, rows=any(change.key[0] for change in own))
        lines = tuple(words[form.id].line(change, each.definition) for change in each.values)
        told.append((deed_of(each, one.tongue, lines), _where(entry, one), address_of(entry, "history.of_form")))
    return told


def words_of_form(entry: Entry, one: Visit, *, rows: bool) -> FormWords:
    """Names rows and what references point to only where there are any: that takes the rules."""
    refers = any(item.targets for item in index_form(entry.form).items.values())
    datas = [entry.stored.data] if entry.stored is not None and (rows or refers) else []
    return words_for(entry, datas, one.tongue, workspace().registries, one.actor, at=one.now)


def _log(
    record: SubjectRecord, shown: Iterable[tuple[FormRecord | None, LogEntry]], one: Visit, key: Key | None
) -> None:
    """Note which identifying values were shown; nothing can be shown of a person who was erased."""
    if not one.actor.identities or record.key is None:
        return
    model, seen = version_of(one.actor.registry).registry.model, set[str]()
    for form, entry in shown:
        if form is not None and form.place.form in model.forms:
            sealed = index_form(model.forms[form.place.form]).sealed
            seen |= {each.key[1] for each in entry.values if each.key[1] in sealed and key in (None, each.key)}
    log_seen(record.subject, tuple(sorted(seen)))


def _field(words: FormWords, key: Key | None, one: Visit) -> str:
    """The label of the field, after the title of its row."""
    if key is None:
        return ""
    item = words.index("").items[key[1]]
    return " · ".join(filter(None, (words.row(key[0]), in_language(item.label, one.language) or item.id)))


def _where(entry: Entry, one: Visit) -> str:
    """A form with its event and its part of the record."""
    model, spot = entry.version.registry.model, entry.spot
    event = event_title(model, spot.event, spot.number, one.language) if spot.event else ""
    part = next((row for row in entry.record.instances if row.id == spot.instance), None)
    return ", ".join(
        filter(None, (form_words(model, spot.form, one.language), event, _part(entry.version, entry.record, part, one)))
    )


def _once(version: Version, record: SubjectRecord, gone: GoneForm | None, one: Visit) -> str:
    """The same of a form that is gone."""
    model = version.registry.model
    if gone is None or gone.form not in model.forms:
        return ""
    form = form_words(model, gone.form, one.language) + (f" {gone.record + 1}" if gone.record else "")
    event = event_title(model, gone.event, gone.number, one.language) if gone.event in model.events else ""
    return ", ".join(filter(None, (form, event, _part(version, record, gone.part, one))))


def _part(version: Version, record: SubjectRecord, row: InstanceRow | None, one: Visit) -> str:
    """The title of the part of a record that holds a form; '' of the record as a whole."""
    if row is None or row.parent is None:
        return ""
    return part_title(Glance(version, record, (), frozenset(), one.now, one.tongue), row)


def crumbs_of_past(entry: Entry, one: Visit) -> tuple[Link, ...]:
    title = form_words(entry.version.registry.model, entry.spot.form, one.language)
    return (*crumbs_of(entry, one), Link(title, address_of(entry)))


def _band(version: Version, record: SubjectRecord, one: Visit, who: str) -> Band:
    hospital = one.membership.place if one.membership else ""
    if site_named(who) is not None:
        return Band(version.prefix, hospital or one.words("records"), ())
    return Band(version.prefix, who.upper(), tuple(filter(None, (*facts_of(version, record, one), hospital))))


__all__ = ["crumbs_of_past", "history", "words_of_form"]
