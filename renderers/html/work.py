"""WorkPart: what stands around the sections of a form: navigator, head, rail, dock; prepared, and filled like items."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from engine.datatypes.words import quoted
from renderers.html.context import Link, Note, Notice, PageContext, Steps
from renderers.html.isolating import isolated
from renderers.html.items import SmallParts, ask_badge, tally_text
from renderers.html.request import Issue, Request, Tally
from renderers.html.segments import Part, Workshop, markup
from renderers.html.words import Words


@dataclass(frozen=True, slots=True)
class WorkFace:
    """What a form fixes of its work area, in one language and mode."""

    title: str
    intro: str
    mode: str
    files: bool  # whether files can be attached
    key_list: Markup
    samples: Markup


@dataclass(frozen=True, slots=True)
class WorkParts:
    """The pieces that stand in the holes of the work area, made once per language."""

    crumbs: Part
    crumb: Part
    others: Part
    other: Part
    notice: Part
    summary: Part
    error_link: Part
    warning_link: Part
    clears: Part
    feed: Part
    entry: Part
    outcomes: Part
    outcome: Part
    state: Part


def work_parts(workshop: Workshop) -> WorkParts:
    """Prepare them from their template."""
    return WorkParts(*(workshop.part(name) for name in WorkParts.__slots__))


@dataclass(frozen=True, slots=True)
class Outline:
    """What the sections found: their entries in the navigator, and how far they are."""

    steps: Sequence[str]
    tallies: Sequence[Tally]
    whole: Tally  # with what concerns the form itself
    wide: str  # the place for messages about the form itself
    wide_issues: bool


@dataclass(frozen=True, slots=True)
class WorkPart:
    """The work area of a form, ready to be filled."""

    mode: str
    words: Words
    frame: Part
    parts: WorkParts
    small: SmallParts

    def fill(self, body: str, outline: Outline, request: Request, state_json: str) -> str:
        """The markup of the work area; `body` holds the sections, `state_json` what the browser's rules start from."""
        context, words, whole = request.context, self.words, outline.whole
        links = context.shell.links
        ready = sum(tally.ready for tally in outline.tallies)
        flags = {
            "draft" if context.unsaved else context.state: True,
            "strict": context.strict,
            "issues": bool(whole.issues),
            "wide": outline.wide_issues,
            "asks": whole.total > 0,
            **{name: bool(getattr(links, name)) for name in ("pdf", "verify", "past")},
        }
        texts = {
            "action": markup(links.action),
            "autosave": markup(links.autosave),
            "program": markup(links.program),
            "lookup": markup(links.lookup),
            "files": markup(links.files),
            "pdf": markup(links.pdf),
            "verify": markup(links.verify),
            "queries": ask_badge(self.small.query, "", request, {"label": markup(words.text("form_wide"))}),
            "past": markup(links.past),
            "csrf": markup(context.csrf_token),
            "owner": markup(context.owner),
            "revision": markup(context.revision),
            "key": markup(context.idempotency_key),
            "open": markup(" ".join(sorted(context.open_rows))),
            "ready": markup(words.count("sections_ready", len(outline.tallies), ready=ready)),
            "steps": "".join(outline.steps),
            "others": "".join(map(self._others, context.navigator)),
            "crumbs": self._crumbs(context.crumbs),
            "progress": markup(
                words.count("fields_of", whole.total, filled=whole.filled)
                if whole.total
                else words.text("none_required")
            ),
            "notices": "".join(map(self._notice, context.notices)),
            "summary": self._summary(whole) if context.summary and whole.issues else "",
            "clears": self._clears(context.clears),
            "wide": outline.wide,
            "body": body,
            "open_issues": markup(words.text("open_issues", number=len(whole.issues))),
            "issues": "".join(map(self._issue, whole.issues)),
            "feeds": self._feeds(context),
            "tally": tally_text(self.small, words, whole.errors, whole.warnings),
            "state": self.parts.state.fill((), {"json": state_json}) if state_json else "",
        }
        return self.frame.fill(tuple(flag for flag, on in flags.items() if on), texts)

    def _notice(self, notice: Notice) -> str:
        return self.parts.notice.fill((notice.tone,) if notice.tone else (), {"text": markup(notice.text)})

    def _issue(self, issue: Issue) -> str:
        return self.small.issue.fill(("error",) if issue.error else (), _issue_texts(issue))

    def _others(self, heading: Steps) -> str:
        forms = []
        for step in heading.steps:
            texts = {"href": markup(step.href), "text": markup(step.text), "note": markup(step.note)}
            forms.append(self.parts.other.fill((step.state, "note") if step.note else (step.state,), texts))
        return self.parts.others.fill((), {"title": markup(heading.title), "forms": "".join(forms)})

    def _crumbs(self, crumbs: Iterable[Link]) -> str:
        made = "".join(
            self.parts.crumb.fill(("href",) if crumb.href else (), _texts(text=crumb.text, href=crumb.href))
            for crumb in crumbs
        )
        return self.parts.crumbs.fill((), {"crumbs": made}) if made else ""

    def _summary(self, whole: Tally) -> str:
        errors = [issue for issue in whole.issues if issue.error]
        warnings = [issue for issue in whole.issues if not issue.error]
        title = (
            self.words.text("summary_title", number=len(errors))
            if errors
            else self.words.count("warnings", len(warnings))
        )
        texts = {
            "title": markup(title),
            "errors": "".join(self.parts.error_link.fill((), _issue_texts(issue)) for issue in errors),
            "told": markup(self.words.count("summary_warnings", len(warnings))),
            "warnings": ", ".join(
                self.parts.warning_link.fill((), _issue_texts(issue))
                for issue in {issue.href: issue for issue in warnings}.values()  # each place once
            ),
        }
        flags = (*(("errors",) if errors else ()), *(("warnings",) if warnings else ()))
        return self.parts.summary.fill(flags, texts)

    def _clears(self, clears: Sequence[str]) -> str:
        if not clears:
            return ""
        text = self.words.count("clears", len(clears), what="; ".join(clears))
        return self.parts.clears.fill(("edit",) if self.mode == "edit" else (), {"text": markup(text)})

    def _feeds(self, context: PageContext) -> str:
        feeds = (
            (self.words.text("queries", number=len(context.queries)), context.queries, ("query",)),
            (self.words.text("recent_changes"), context.changes, ()),
        )
        made = []
        for title, notes, flags in feeds:
            if notes:
                entries = "".join(self._entry(note, flags) for note in notes)
                made.append(self.parts.feed.fill((), {"title": markup(title), "entries": entries}))
        return "".join((self._outcomes(context.outcomes), *made))

    def _outcomes(self, outcomes: Sequence[Note]) -> str:
        """What the form's answers come to; after each autosave the script puts what the server says of it there."""
        entries = "".join(
            self.parts.outcome.fill((), _texts(text=note.text, detail=note.detail, meta=note.meta)) for note in outcomes
        )
        return self.parts.outcomes.fill((), {"entries": entries}) if outcomes else ""

    def _entry(self, note: Note, flags: tuple[str, ...]) -> str:
        more = {"href": note.href, "changed": note.old or note.new, "detail": note.detail, "meta": note.meta}
        told = tuple(key for key, text in more.items() if text)
        texts = _texts(text=note.text, href=note.href, old=note.old, new=note.new, detail=note.detail, meta=note.meta)
        return self.parts.entry.fill(flags + told, texts)


def _issue_texts(issue: Issue) -> Mapping[str, str]:
    """A message that names its field needs no label before it."""
    message = isolated(issue.message)
    named = issue.message.startswith(issue.label) or any(
        quoted(issue.label, language) in issue.message for language in ("pl", "en")
    )
    whole = message if named or not issue.label else f"{markup(issue.label)}: {message}"
    return {**_texts(href=issue.href, label=issue.label), "message": message, "whole": whole}


def _texts(**texts: str) -> Mapping[str, str]:
    return {key: markup(text) for key, text in texts.items()}
