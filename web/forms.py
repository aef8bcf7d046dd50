"""The addresses of a form: show, post, autosave, discard, resolve a conflict, attach files and get them back."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import Blueprint, abort, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from engine.datatypes import Unread, explain
from engine.model.text import in_language
from engine.records.piping import texts_of
from engine.records.quiet import filled
from renderers.html import Notice, evaluation_patch
from renderers.html.names import ids_in
from storage.errors import Conflict, NotFound
from storage.working_copy import drop_working_copy
from web.attachments import file_answer, held_file, receive_file, told
from web.conflicts import conflict_page, merge
from web.denials import log_download, log_identities, log_print
from web.discretion import discreet, veiled_keys
from web.drafts import Draft, keep_draft, refused_in
from web.entry import Entry, Fate, open_entry
from web.followed import open_settled, open_where_now
from web.form_page import Told, elsewhere_of, form_page, rows_to_open
from web.news import News
from web.outcomes import outcome_notes
from web.permissions import needs
from web.posts import draft_after, posted_revision, read_post
from web.printing import pdf_answer
from web.roles import Permission, allows
from web.saves import REFUSALS, REFUSED, back, carry_out, save_draft, save_merged, taken_words
from web.strays import answer_draft, answer_stray
from web.workspace import visit, workspace

forms = Blueprint("forms", __name__, url_prefix="/<registry>/<subject:who>/forms/<spot>")
TONES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("saved", "merged", "merged_own"), "ok"),
        **dict.fromkeys(
            (
                "partly",
                "incomplete",
                "clears",
                "changed",
                "taken",
                "known_person",
                "late",
                "moved",
                "reason_needed",
                "holds_pesel",
                "locked",
                "closed",
                "row_of_others",
                "followed",
                "gone",
            ),
            "warn",
        ),
    }
)  # of what is said; the rest is information


@forms.get("")
@needs(Permission.READ)
def show(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """The form."""
    try:
        entry = _open(registry, who, spot)
    except NotFound:  # an old address: it may have been merged or moved
        return back(open_where_now(workspace(), visit().actor, who, spot, visit().now))
    log_identities(entry)
    news = News.taken("said")
    return form_page(entry, Told(_notices(entry, news), news.summary, rows_to_open()))


@forms.post("")
@needs(Permission.ENTER)
def post(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Whatever a button of the form asks for."""
    entry = _open_to_post(registry, who, spot)
    posted = read_post(entry, visit().language, visit().now)
    if entry.stray is not None and entry.stray.fate is not Fate.FOLLOWED:
        return answer_stray(entry, posted)
    return carry_out(entry, posted)


@forms.post("/draft")
@needs(Permission.ENTER)
def autosave(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Keep what was typed so far; answers what rules say about it."""
    one, space = visit(), workspace()
    entry = _open_to_post(registry, who, spot)
    posted = read_post(entry, one.language, one.now)
    if entry.stray is not None:
        return answer_draft(entry, posted)
    draft = draft_after(entry, posted)
    page = posted.idempotency_key
    kept = keep_draft(space.database, entry.actor, entry.subject, entry.place, entry.form, draft, one.now, page=page)
    if not kept:
        return jsonify(message=one.words("said_already"), kept=False), 409
    if posted_revision(entry, posted) < entry.revision:
        return jsonify(message=one.words("conflict_soon"), saved=one.tongue.moment(one.now, one.now), kept=True), 409
    session = entry.session(posted.data, one.now, one.language)
    veiled = veiled_keys(entry.version.registry, entry.actor)
    evaluation = discreet(entry.version.registry, entry.spot.form, session.evaluation, veiled)
    quiet = entry.quiet(evaluation, None if entry.stored is not None else filled(posted.data))
    patch = evaluation_patch(
        entry.form, posted.data, evaluation, one.language,
        open_rows=posted.shown_rows, withheld=session.withheld, quiet=quiet, why=session.why,
        elsewhere=elsewhere_of(entry, evaluation),
        outcomes=outcome_notes(session, evaluation, one, veiled),
        texts=texts_of(session, one.language, ids_in(posted.shown_rows)),
    )  # fmt: skip
    return jsonify(saved=one.tongue.moment(one.now, one.now), revision=str(draft.revision), evaluation=patch)


@forms.post("/files/<name>")
@needs(Permission.ENTER)
def upload(registry: str, who: str, spot: str, name: str) -> ResponseReturnValue:
    """Take a file into the working copy, for the field of a name; answers what the field shows then."""
    one = visit()
    entry = _open_to_post(registry, who, spot)
    sent = request.files.get("file")
    if sent is None:
        abort(400)
    value = receive_file(entry, name, sent, one.now)
    if value is None:
        return jsonify(message=one.words("said_already")), 409
    if isinstance(value, Unread):
        return jsonify(message=explain(value, one.language)), 422
    return jsonify(told(entry, value, one.language))


@forms.get("/files/<digest>")
@needs(Permission.READ)
def download(registry: str, who: str, spot: str, digest: str) -> ResponseReturnValue:
    """A file that the form holds. That it was looked at is noted before it leaves."""
    entry = _open(registry, who, spot)
    key, value = held_file(entry, digest)
    answer = file_answer(entry, value, visit().now)
    log_download(entry, key, value)
    return answer


@forms.get("/pdf")
@needs(Permission.READ)
def printed(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """The form as PDF. That it was printed is noted before it leaves."""
    entry = _open(registry, who, spot)
    answer = pdf_answer(entry)
    log_print(entry)
    return answer


@forms.post("/discard")
@needs(Permission.ENTER)
def discard(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Give the unsaved edits up."""
    entry = _open(registry, who, spot)
    drop_working_copy(workspace().database, entry.actor, entry.place)
    return redirect(url_for("forms.show", registry=registry, who=who, spot=spot), 303)


@forms.post("/resolve")
@needs(Permission.ENTER)
def resolve(registry: str, who: str, spot: str) -> ResponseReturnValue:
    """Save what was chosen of both values."""
    entry = _open(registry, who, spot)
    here = url_for("forms.show", registry=registry, who=who, spot=spot)
    draft = entry.draft
    if draft is None or draft.revision >= entry.revision:
        return redirect(here, 303)  # settled in another window
    complete = request.form.get("__do") == "complete"
    try:
        save_draft(entry, draft, key=f"probe {entry.revision}", complete=False, confirmed=lambda *_: frozenset())
    except Conflict as conflict:
        if str(conflict.revision) != request.form.get("revision"):
            return conflict_page(entry, draft, conflict, complete=complete)  # a third one saved meanwhile
        choices = {
            name.removeprefix("choice:"): value for name, value in request.form.items() if name.startswith("choice:")
        }
        merged = merge(entry, draft, conflict, choices)
        return save_merged(entry, merged, lambda *_: frozenset(), key="", complete=complete, own=conflict.own)
    except REFUSALS as refused:
        return redirect(f"{here}?said={News((REFUSED[type(refused)],)).leave()}", 303)
    return redirect(here, 303)


def _open(registry: str, who: str, spot: str) -> Entry:
    assert registry == visit().actor.registry  # the guard has made sure
    return open_entry(workspace(), visit().actor, who, spot, visit().now)


def _open_to_post(registry: str, who: str, spot: str) -> Entry:
    """The form where it is now, with a place to write to."""
    assert registry == visit().actor.registry  # the guard has made sure
    return open_settled(workspace(), visit().actor, who, spot, visit().now)


def _notices(entry: Entry, news: News) -> tuple[Notice, ...]:
    """What the page says on top: what has just happened, and that there are unsaved changes."""
    one = visit()
    time = one.tongue.moment(entry.stored.saved_at, one.now) if entry.stored is not None else ""
    notices = [
        Notice(
            _partly_notice(entry, focus=not news.summary)
            if key == "partly"
            else one.words(f"said_{key}", time=time, who=news.who),
            TONES.get(key, ""),
        )
        for key in news.said
    ]
    if news.checks:
        notices.append(Notice(taken_words(entry, news.checks, one.language), "warn"))
    shared = entry.spot.form in entry.version.rules.shared_forms
    if shared and {"taken", "known_person"}.intersection(news.said) and allows(entry.actor.role, Permission.REGISTER):
        address = url_for("known.ask", registry=entry.version.name, of=entry.who)
        notices.append(Notice(Markup('<a href="{}">{}</a>').format(address, one.words("known_where")), "warn"))
    if entry.draft is not None and allows(entry.actor.role, Permission.ENTER):
        notices.append(Notice(_draft_notice(entry, entry.draft)))
    return tuple(notices)


def _partly_notice(entry: Entry, *, focus: bool) -> str:
    """That some answers were not saved, and the ways to their fields; one goes on at the first."""
    one = visit()
    refused = refused_in(entry.form, entry.data)
    misfit = [each.why.code == "pattern" for each in refused]
    said = one.words("said_misfit" if misfit and all(misfit) else "said_partly_both" if any(misfit) else "said_partly")
    links = (
        Markup('<a href="#{}"{}>{}</a>').format(
            each.name, Markup(" autofocus") if focus and n == 0 else "", in_language(each.item.label, one.language)
        )
        for n, each in enumerate(refused)
    )
    return Markup("{} {}").format(said, Markup(", ").join(links))


def _draft_notice(entry: Entry, draft: Draft) -> str:
    one = visit()
    address = url_for("forms.discard", registry=entry.version.name, who=entry.who, spot=str(entry.spot))
    time = one.tongue.moment(draft.saved_at, one.now) if draft.saved_at else ""
    return Markup('{} <button class="btn bare" formaction="{}">{}</button>').format(
        one.words("draft_shown", time=time), address, one.words("discard")
    )


__all__ = ["forms"]
