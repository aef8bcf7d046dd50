"""GroupPart: a repeating group on a page. Rows are lines of text; an open row alone has inputs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.datatypes.base import Kind
from engine.model.form import GroupDef
from engine.model.item import ItemDef
from engine.model.text import in_language
from engine.records.form_data import FormData, RowData
from renderers.html.faces import GroupFace
from renderers.html.items import ItemPart, SmallParts, ask_badge, tally_text, tell
from renderers.html.names import Place
from renderers.html.request import Request, Tally
from renderers.html.rows import offered_codes
from renderers.html.segments import Part, markup

_HOLE = re.compile(r"\{([a-z0-9_.]+)\}")
_SUMMARY = 5  # answers told in the line of a closed row


@dataclass(frozen=True, slots=True)
class GroupPart:
    """A group ready to be filled with its rows."""

    group: GroupDef
    face: GroupFace
    frame: Part
    row: Part
    content: tuple[ItemPart | GroupPart, ...]
    items: Mapping[str, ItemDef]
    small: SmallParts
    named: bool  # whether references of the form point to its rows, or to rows in them

    def fill(self, place: Place, data: FormData | RowData, request: Request) -> str:
        rows = data.groups.get(self.group.id, ())
        path = f"{place.here}{self.group.id}"
        flags = ["shown"] if self._visible(path, request) else []
        if not rows:
            flags.append("empty")
        if self._may_add(len(rows)):
            flags.append("can_add")
            if self._lacks_codes(place, rows, request):
                flags.append("can_fill")
        self._count(place.here, data, request)
        out = [
            self._row(place.row(self.group.id, row, number), row, number, len(rows), request)
            for number, row in enumerate(rows, start=1)
        ]
        texts = {"at": markup(place.at), "rows": "".join(out), "count": request.words.count("rows", len(rows))}
        name = place.at + self.group.id
        texts["issues"] = issues_at(self.small, name, path, request, label=self.face.title, anchor=f"g-{name}")
        return self.frame.fill(tuple(flags), texts)

    def _visible(self, path: str, request: Request) -> bool:
        """A group with a condition is named in `groups` while it is shown, also when it has no row yet."""
        return self.group.when is None or path in request.evaluation.groups

    def _count(self, here: str, data: FormData | RowData, request: Request) -> None:
        """Rows that the group needs are counted like one required field."""
        count = len(data.groups.get(self.group.id, ()))
        if count:
            request.tally.begun = True
        if self.group.min_rows and f"{here}{self.group.id}" in request.evaluation.groups:
            request.tally.want(there=count >= self.group.min_rows)

    def _lacks_codes(self, place: Place, rows: Sequence[RowData], request: Request) -> bool:
        """Whether the group is to have a row for each code, and some code has none."""
        key = self.group.key
        if not self.group.per_code or key is None:
            return False
        there = {row.items.get(key) for row in rows}
        first = place.row(self.group.id, rows[0], 1).here if rows else ""
        refused = request.context.withheld(first + key) if rows else ()
        return any(code not in there and code not in refused for code in offered_codes(self.group))

    def _may_add(self, count: int) -> bool:
        return self.group.max_rows is None or count < self.group.max_rows

    def _row(self, place: Place, row: RowData, number: int, count: int, request: Request) -> str:
        at, here, name = place.at, place.here, place.name
        opened = request.mode != "edit" or self.group.per_code or request.is_open(name)
        title = self.title(row, number, here, request)
        flags, before = list[str](), _mark(request.tally)
        path = here.removesuffix(".")
        issues = issues_at(self.small, name, path, request, label=title, anchor=f"r-{name}")
        if number < count or self._may_add(count):
            flags.append("next")
        if opened:
            flags.append("open")
            pieces = list[str]()
            for part in self.content:
                if isinstance(part, ItemPart):
                    part.pour(pieces, at, here, row.items, request)
                else:
                    pieces.append(part.fill(place, row, request))
            body = "".join(pieces)
        else:
            body = ""
            self._closed(place, row, title, f"r-{name}", request)
        errors, warnings = _since(request.tally, before)
        if errors or warnings:
            flags.append("issues")
        texts = {
            "name": markup(name),
            "path": markup(path),
            "number": str(number),
            "title": markup(title),
            "summary": markup("" if opened else self._summary(row, title, here, request)),
            "tally": tally_text(self.small, request.words, errors, warnings),
            "issues": issues,
            "body": body,
        }
        if request.badged and (badge := ask_badge(self.small.query, name, request, {"label": markup(title)})):
            texts["badges"] = badge
            flags.append("badged")
        return self.row.fill(tuple(flags), texts)

    def _closed(self, place: Place, row: RowData, title: str, anchor: str, request: Request) -> None:
        """Count the fields and issues of a row that is only a line; `anchor` is that of the line on the page."""
        at, here = place.at, place.here
        for part in self.content:
            if isinstance(part, GroupPart):
                part._count(here, row, request)  # noqa: SLF001 - of the same class
                for number, inner in enumerate(row.groups.get(part.group.id, ()), start=1):
                    nested = place.row(part.group.id, inner, number)
                    part._closed(nested, inner, title, anchor, request)  # noqa: SLF001 - of the same class
                continue
            path = here + part.item.id
            if part.asked and path in request.evaluation.visible:
                request.count(path, row.items.get(part.item.id))
            violations = request.issues.get(path)
            if violations:
                request.note(at + part.item.id, f"{title}: {part.label(path, request)}", violations, anchor)

    def title(self, row: RowData, number: int, here: str, request: Request) -> str:
        """The row in words: its template, else its key, else its number."""
        known = request.context.texts.get(f"{here.removesuffix('.')}#row")
        if known:
            return known
        template = in_language(self.group.row_title, request.words.language)
        if template:
            text = _HOLE.sub(lambda match: self._piped(match[1], row, here, request), template)
            if text := text.strip(" ,.;:–-"):
                return text
        key = self.items.get(self.group.key or "")
        text = request.text_of(key, row.items, here + key.id) if key else ""
        return text or request.words.text("row", number=number)

    def _piped(self, name: str, row: RowData, here: str, request: Request) -> str:
        item = self.items.get(name.split(".", 1)[0])
        return request.text_of(item, row.items, here + item.id) if item else ""

    def _summary(self, row: RowData, title: str, here: str, request: Request) -> str:
        texts = []
        for item in self.items.values():
            text = request.text_of(item, row.items, here + item.id)
            if text and text not in title and item.datatype.kind is not Kind.BOOLEAN:  # 'no' says nothing by itself
                texts.append(text if len(text) < 40 else f"{text[:38]}…")
            if len(texts) == _SUMMARY:
                break
        return " · ".join(texts)


def issues_at(small: SmallParts, name: str, path: str, request: Request, *, label: str, anchor: str) -> str:
    """The place for messages of a group, a row or, with no name, the form; the script fills it too."""
    violations = request.issues.get(path, ())
    request.note(name, label, violations, anchor)
    tone, messages, answers = tell(small, name, violations, request)
    texts = {"name": markup(name), "path": markup(path), "messages": messages, "answers": answers}
    return small.issues.fill((tone,) if tone else (), texts)


def _mark(tally: Tally) -> int:
    return len(tally.issues)


def _since(tally: Tally, mark: int) -> tuple[int, int]:
    found = tally.issues[mark:]
    errors = sum(issue.error for issue in found)
    return errors, len(found) - errors


def name_rows(
    content: Iterable[ItemPart | GroupPart], place: Place, data: FormData | RowData, request: Request
) -> None:
    """Enter the titles of the rows that references show."""
    for part in content:
        if not isinstance(part, GroupPart) or not part.named:
            continue
        named = request.choices.setdefault(part.group.id, [])
        for number, row in enumerate(data.groups.get(part.group.id, ()), start=1):
            inner = place.row(part.group.id, row, number)
            title = part.title(row, number, inner.here, request)
            request.labels[row.id] = title
            named.append((row.id, f"{number} · {title}"))
            name_rows(part.content, inner, row, request)
