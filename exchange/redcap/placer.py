"""What all rules of a project need: who is who, where findings go, and which lists are calculated with."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from exchange.document import Entry, Field
from exchange.findings import Finding, Outcome, Part
from exchange.identifiers import Ids
from exchange.redcap.columns import HEADINGS, Column
from exchange.redcap.functions import REDCAP
from exchange.redcap.items import Draft
from exchange.redcap.logic import parse_logic
from exchange.redcap.references import References
from exchange.redcap.tags import Conditional
from exchange.rules.placing import Placing
from exchange.rules.translate import Translator

Maker = Callable[[Translator, list[str]], str]  # a translator, and where doubts are put down -> our rule
TAGS = HEADINGS[Column.ANNOTATION]

_OF_THE_PRESENT = re.compile(r"\b(today|now)\(")


@dataclass(frozen=True)
class Placer:
    """Places the rules of one project. `decimals`: see Draft.decimals; `valued`: see Translator."""

    references: References
    placing: Placing
    language: str = "en"
    checks: Ids = field(default_factory=Ids)
    decimals: dict[str, int] = field(default_factory=dict)
    valued: dict[tuple[str, ...], Field] = field(default_factory=dict)
    conditions: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = field(default_factory=dict)  # of a form, by text

    def translator(self, draft: Draft, doubts: list[str]) -> Translator:
        """For rules of a field."""
        return Translator(
            REDCAP, self.references.seen_from(draft.row[Column.FORM], doubts), self.valued, reservations=doubts
        )

    def rule(self, draft: Draft, key: str, name: str, found: str, make: Maker) -> bool:
        """A rule of a field's item; that it needs the present day is stated."""
        doubts: list[str] = []
        translator = self.translator(draft, doubts)
        done = self.placing.rule(
            draft.entry,
            key,
            name=name,
            found=found,
            where=draft.row.where,
            translate=lambda: make(translator, doubts),
            doubts=doubts,
        )
        if done and key == "calculate" and _OF_THE_PRESENT.search(draft.entry[key]):
            draft.entry["live"] = True
        return done

    def condition(self, draft: Draft, translator: Translator, doubts: list[str], text: str) -> str:
        """A condition of a field; many fields of a form have the same, which is translated once."""
        key = (draft.row[Column.FORM], text)
        if key not in self.conditions:
            self.conditions[key] = translator.condition(parse_logic(text)), tuple(doubts)
            return self.conditions[key][0]
        made, known = self.conditions[key]
        doubts.extend(known)
        return made

    def check(
        self, draft: Draft, form: Entry, *, name: str, found: str, parts: Mapping[str, str], message: Mapping[str, str]
    ) -> None:
        """A rule of a field that becomes a check of its form. `parts`: `id`, `assert` and what else it has.

        `message`: by language; the English one where there is none in the language of the project.
        """
        check: Entry = {
            **parts,
            "id": self.checks.make(parts["id"]),
            "on": draft.id,
            "message": {self.language: message.get(self.language, message["en"])},
        }
        where = draft.row.where
        self.placing.rule(check, "assert", name=name, found=found, where=where, translate=lambda: parts["assert"])
        form.setdefault("checks", []).append(check)

    def told(self, draft: Draft, found: str, outcome: Outcome = Outcome.KEPT, reason: str = "") -> None:
        """A rule that is placed otherwise than as an expression."""
        self.placing.findings.append(Finding(draft.row.where, Part.RULE, outcome, reason, found))

    def refuse(self, draft: Draft, alternatives: Sequence[Conditional], reason: str) -> None:
        """Tags that have no counterpart: they stay in the annotation."""
        found = texts_of(alternatives)
        self.told(draft, found, Outcome.DROPPED, reason)
        draft.free.append(found)


def texts_of(alternatives: Sequence[Conditional]) -> str:
    """The tags as they were written, each @IF once."""
    return "\n".join(dict.fromkeys(each.text for each in alternatives))
