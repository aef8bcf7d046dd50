"""Groups of an XLSForm -> sections: top groups as they are, those within them flattened, repeats as groups of rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exchange.document import Entry
from exchange.findings import Finding, Outcome
from exchange.findings import Part as Told
from exchange.identifiers import Ids
from exchange.rules.meaning import Untranslatable
from exchange.rules.placing import Placing
from exchange.xlsform import kinds
from exchange.xlsform.checks import counted_rows
from exchange.xlsform.columns import Line
from exchange.xlsform.items import Condition, Items
from exchange.xlsform.parked import named
from exchange.xlsform.tree import Part

LOOSE = "questions"  # the section of questions that stand in no group


@dataclass(frozen=True, slots=True)
class Sections:
    """Top groups become sections; those within them are flattened, with a heading where they have a title."""

    items: Items
    placing: Placing
    ids: Ids

    def of(self, root: Part) -> list[Entry]:
        found: list[Entry] = []
        loose: Entry | None = None
        for part in root.children:
            if part.kind == "group":
                section = self._section(part)
                found.extend([section] if section["items"] else [])
                loose = None
                continue
            if loose is None:
                loose = {"id": self.ids.make(LOOSE), "items": []}
                found.append(loose)
            loose["items"].extend(self._entries(part, ()))
        return [section for section in found if section["items"]]

    def _section(self, part: Part) -> Entry:
        entry: Entry = {"id": part.id}
        named(entry, part.id, part.name, part.line.others)
        if title := self.items.text(part, "label"):
            entry["title"] = title
        if note := self.items.text(part, "hint"):
            entry["note"] = note
        inner = self._section_condition(entry, part)
        entry["items"] = [made for child in part.children for made in self._entries(child, inner)]
        self.items.annotations(entry, part)
        if entry["items"]:
            self.placing.kept(part.where, Told.LAYOUT)
        else:
            self.placing.dropped(part.where, Told.LAYOUT, "The group holds no questions.", part.name)
        return entry

    def _section_condition(self, entry: Entry, part: Part) -> Sequence[Condition]:
        """`when` of a section; a condition that reads its own questions goes to the others of them instead."""
        try:
            own = self.items.condition(part)
        except Untranslatable:
            own = None
        if own is None or not own.within:
            self.items.relevant(entry, part, ())
            return ()
        reason = "It reads questions of its own group: those stay in sight, the others are shown on this condition."
        reasons = " ".join((reason, *own.doubts))
        self.placing.approximated(part.where, Told.RULE, reasons, part.line["relevant"])
        return (own,)

    def _entries(self, part: Part, inherited: Sequence[Condition]) -> Iterator[Entry]:
        if part.kind == "group":
            yield from self._flattened(part, inherited)
        elif part.kind == "repeat":
            yield from self._repeat(part, inherited)
        else:
            yield self.items.item(part, inherited)
            if (other := _other_of(part)) is not None:
                yield self._specified(part, other, inherited)

    def _flattened(self, part: Part, inherited: Sequence[Condition]) -> Iterator[Entry]:
        self.placing.approximated(
            part.where,
            Told.LAYOUT,
            "Groups within groups are flattened: what they hold follows, shown on the same conditions.",
            part.name,
        )
        own, lost = self._own_condition(part)
        conditions = (*inherited, *([own] if own is not None else []))
        entries = [made for child in part.children for made in self._entries(child, conditions)]
        if not entries:
            return
        title = self.items.text(part, "label")
        if title:
            heading: Entry = {
                **named({"id": part.id}, part.id, part.name, part.line.others),
                "type": "heading",
                "label": title,
            }
            if "when" in entries[0] and conditions:
                self.items.inherit(heading, conditions)
            entries.insert(0, heading)
        holder = entries[0] if title else None
        if holder is not None:
            self.items.annotations(holder, part)
        if lost:
            self.placing.untranslated(
                entries[0],
                name="relevant" if title else f"relevant of {part.name}",
                found=part.line["relevant"],
                where=part.where,
                reason=lost,
            )
        yield from entries

    def _own_condition(self, part: Part) -> tuple[Condition | None, str]:
        """The condition of a group that is no part of ours, told as one rule; or why there is none."""
        text = part.line["relevant"]
        try:
            found = self.items.condition(part)
        except Untranslatable as fault:
            return None, fault.reason
        if found is not None:
            outcome = Outcome.APPROXIMATED if found.doubts else Outcome.KEPT
            self.placing.findings.append(
                Finding(part.where, Told.RULE, outcome, " ".join(found.doubts), text, "relevant")
            )
        return found, ""

    def _repeat(self, part: Part, inherited: Sequence[Condition]) -> Iterator[Entry]:
        entry: Entry = {"group": part.id}
        named(entry, part.id, part.name, part.line.others)
        if title := self.items.text(part, "label", piped=False):
            entry["title"] = title
        self.items.relevant(entry, part, inherited)
        counted_rows(self.items, entry, part)
        inside = [made for child in part.children for made in self._entries(child, ())]
        self.items.annotations(entry, part)
        if inside:
            entry["items"] = inside
            self.placing.kept(part.where, Told.LAYOUT)
            yield entry
        else:
            self.placing.dropped(part.where, Told.LAYOUT, "The repeat holds no questions.", part.name)

    def _specified(self, part: Part, choosing: kinds.Choosing, inherited: Sequence[Condition]) -> Entry:
        """`or_other` asks to specify the other choice."""
        line = Line(
            part.line.number,
            {
                "type": "text",
                "name": f"{part.name}_other",
                "label": "Specify other.",
                "relevant": f"selected(../{part.name}, 'other')",
            },
        )
        asked = Part(f"{part.name}_other", line, "text", parent=part.parent)
        asked.id = self.ids.make(asked.name)
        return self.items.item(asked, inherited)


def _other_of(part: Part) -> kinds.Choosing | None:
    found = kinds.choosing(part.written)
    return found if found is not None and found.other else None
