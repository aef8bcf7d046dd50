"""Puts a translated rule where it belongs; what cannot be translated stays there verbatim, and is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from exchange.document import Entry, Rule, annotate
from exchange.findings import Finding, Outcome, Part, told
from exchange.rules.meaning import Untranslatable


@dataclass(frozen=True, slots=True)
class Placing:
    """Of one source: the name of its system (`redcap`), and the findings that gather."""

    system: str
    findings: list[Finding] = field(default_factory=list)

    def rule(
        self,
        part: Entry,
        key: str,
        *,
        name: str,
        found: str,
        where: str,
        translate: Callable[[], str],
        doubts: Sequence[str] = (),
    ) -> bool:
        """Set `part[key]` to the translated rule, or annotate the part with what was found.

        Args:
            name: what the rule is called in the source: a column, an element, an annotation.
            translate: gives our text; raises Untranslatable.
            doubts: why the rule means something else here; may fill while it is translated.
        """
        try:
            part[key] = Rule(translate(), system=self.system, name=name, found=found, where=where)
        except Untranslatable as fault:
            self.untranslated(part, name=name, found=found, where=where, reason=fault.reason)
            return False
        self.findings.append(told(where, Part.RULE, " ".join(dict.fromkeys(doubts)), found, name))
        return True

    def untranslated(self, part: Entry, *, name: str, found: str, where: str, reason: str) -> None:
        """A rule that does nothing any more; its text stays as an annotation."""
        annotate(part, self.system, name, found)
        self.findings.append(Finding(where, Part.RULE, Outcome.DROPPED, reason, found, name))

    def kept(self, where: str, part: Part) -> None:
        self.findings.append(Finding(where, part))

    def approximated(self, where: str, part: Part, reason: str, found: str = "") -> None:
        self.findings.append(Finding(where, part, Outcome.APPROXIMATED, reason, found))

    def dropped(self, where: str, part: Part, reason: str, found: str = "") -> None:
        self.findings.append(Finding(where, part, Outcome.DROPPED, reason, found))
