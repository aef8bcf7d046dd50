"""Formal expressions of ODM -> our syntax tree with foreign names. ODM leaves their language open, so this reads what people write.

One grammar for all: operators in signs (`&&`, `!=`, `^`) and in words (`and`, `ne`, `gte`), `a ? b : c`, calls, OIDs with dots and
hyphens, `[item]` and `${item}`, and paths through ODM's data in XPath or with `.where(…)`. What a dialect means by them is in `dialects`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from exchange.odm.operators import COMPARE, CONSTANTS, OR, POWER, SIGNS, WORDS
from exchange.rules.meaning import Untranslatable

MAX_TEXT = 20_000  # characters of an expression
MAX_DEPTH = 120  # brackets, calls and signs in one another

_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?(?![\w])")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?![\w-])")
_TEXT = re.compile(r"'((?:[^']|'')*)'|\"((?:[^\"]|\"\")*)\"|[“„]([^“”„]*)[“”]|[‘]([^‘’]*)[’]")
_NAME = re.compile(r"[^\W\d][\w$#@]*(?:[.:-]+[\w$#@]+)*")
_WORD = re.compile(r"[^\W\d]\w*")
_BRACKETED = re.compile(r"\[([^\W\d][\w.-]*)\]|\$?\{([^\W\d][\w.-]*)\}|\$([^\W\d][\w.]*)")
_DATA = r"(?:\w+:)?(?:ItemData|ItemGroupData|FormData|StudyEventData|SubjectData|ClinicalData)\b"
_DATA_PATH = re.compile(rf"(?:/|\.{{1,2}}/)(?=[\w./@*])|{_DATA}(?=\s*(?:\[|/|\.where))")
_STEP = re.compile(r"(?:\w+:)?([A-Z]\w*)")
_VALUE_STEP = re.compile(r"@?Value\b|text\(\)|data\(\)")
_SKIPPED = re.compile(r"/+|\.\.(?=/)|\.(?=/)|\.(?=[A-Z])|\*(?=/)")
_TEST = re.compile(
    r"\s*@?(\w+)\s*(!=|<=|>=|=|<|>)\s*(?:'([^']*)'|\"([^\"]*)\"|(-?\d+(?:\.\d+)?))\s*(?:(and)\b|(?=[\])]))"
)
_FLIPPED_TEST = re.compile(r"\s*(?:'([^']*)'|\"([^\"]*)\")\s*(=)\s*@?(\w+)\s*(?:(and)\b|(?=[\])]))")

_SIGN = re.compile("|".join(re.escape(sign) for sign in sorted(SIGNS, key=len, reverse=True)))
_ITEM_KEY = "ItemOID"
_CONTAINER_KEYS = frozenset({"ItemGroupOID", "FormOID", "StudyEventOID"})


@dataclass(frozen=True, slots=True)
class Names:
    """The names that an expression may hold: of items, and of the groups, forms and events around them."""

    items: frozenset[str]
    containers: frozenset[str] = frozenset()

    def split(self, text: str) -> tuple[str, ...] | None:
        """`WHO.Q-WHO.1` -> group and item; None where it is no name of an item, alone or after those of its containers."""
        if text in self.items:
            return (text,)
        for border in re.finditer(r"[.:-]", text):
            head, tail = text[: border.start()], text[border.end() :]
            if head in self.containers and (rest := self.split(tail)) is not None:
                return (head, *rest)
        return None


@dataclass(slots=True)
class ExpressionReader:
    """Reads one expression. `words`: what is no name of an item stands for its own text, as OpenClinica has it."""

    text: str
    names: Names
    words: bool = False
    at: int = field(default=0, init=False)
    depth: int = field(default=0, init=False)

    def read(self) -> Syntax:
        """The whole expression.

        Raises:
            Untranslatable: with the place where it cannot be read.
        """
        if len(self.text) > MAX_TEXT:
            raise Untranslatable(f"The expression has {len(self.text)} characters; at most {MAX_TEXT} are read.")
        self._assignment()
        found = self._expression()
        self._space()
        if self._taken(";"):
            self._space()
        if self.at < len(self.text):
            raise self._fault()
        return found

    # places ---------------------------------------------------------------------------------------------------------

    def _space(self) -> None:
        match = _SPACE.match(self.text, self.at)
        if match:
            self.at = match.end()

    def _taken(self, sign: str) -> bool:
        self._space()
        if self.text.startswith(sign, self.at):
            self.at += len(sign)
            return True
        return False

    def _needed(self, sign: str) -> None:
        if not self._taken(sign):
            raise self._fault()

    def _fault(self) -> Untranslatable:
        rest = self.text[self.at : self.at + 30].strip()
        return Untranslatable(
            f"The expression cannot be read from here: {rest}" if rest else "The expression breaks off."
        )

    def _word(self) -> str:
        """The next word in small letters, '' where there is none; a word that goes on as a name is none."""
        self._space()
        match = _WORD.match(self.text, self.at)
        return match[0].lower() if match else ""

    def _assignment(self) -> None:
        """`return …` and `BMI = weight / height` of scripts that end with a value say only the value."""
        if self._word() == "return":
            self.at += len("return")

    # operators ------------------------------------------------------------------------------------------------------

    def _expression(self) -> Syntax:
        self._deeper()
        found = self._operations(OR)
        if self._taken("?"):
            then = self._expression()
            self._needed(":")
            found = Call("if", (found, then, self._expression()), 0)
        self.depth -= 1
        return found

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Untranslatable(f"The expression is nested more than {MAX_DEPTH} deep.")

    def _operations(self, loosest: int) -> Syntax:
        left = self._negated() if loosest <= COMPARE else self._signed()
        while True:
            start = self.at
            op, binds, end = self._operator()
            if not op or binds < loosest:
                self.at = start
                return left
            self.at = end
            left = self._applied(op, binds, left)

    def _applied(self, op: str, binds: int, left: Syntax) -> Syntax:
        if op == "is":
            return self._is(left)
        if op in ("in", "notin"):
            among = self._among(left)
            return among if op == "in" else Apply("not", (among,), 0)
        right = self._operations(binds if op == "^" else binds + 1)
        return Apply(op, (left, right), 0)

    def _operator(self) -> tuple[str, int, int]:
        """The next operator, how tightly it binds, and where it ends; '' where there is none."""
        self._space()
        sign = _SIGN.match(self.text, self.at)
        if sign:
            return (*SIGNS[sign[0]], sign.end())
        word = self._word()
        if word == "not":
            match = re.compile(r"not\s+in\b", re.IGNORECASE).match(self.text, self.at)
            return ("notin", COMPARE, match.end()) if match else ("", 0, self.at)
        return (*WORDS[word], self.at + len(word)) if word in WORDS else ("", 0, self.at)

    def _is(self, left: Syntax) -> Syntax:
        """`is null`, `is not null`, `is empty`, `is true`."""
        negated = self._word() == "not"
        if negated:
            self.at += len("not")
        word = self._word()
        self.at += len(word)
        if word in ("null", "empty", "missing", "blank", "none"):
            return Call("filled" if negated else "empty", (left,), 0)
        if word in ("true", "false"):
            same = Apply("=", (left, Literal(word == "true", 0)), 0)
            return Apply("not", (same,), 0) if negated else same
        raise self._fault()

    def _among(self, left: Syntax) -> Syntax:
        """`x in (1, 2)` as `x = 1 or x = 2`."""
        close = ")" if self._taken("(") else "]" if self._taken("[") else "}" if self._taken("{") else ""
        if not close:
            raise self._fault()
        values = self._list(close)
        same = tuple(Apply("=", (left, value), 0) for value in values)
        return same[0] if len(same) == 1 else Apply("or", same, 0)

    def _list(self, close: str) -> list[Syntax]:
        found: list[Syntax] = []
        if self._taken(close):
            return found
        while True:
            found.append(self._expression())
            if self._taken(close):
                return found
            self._needed(",")

    def _negated(self) -> Syntax:
        word = self._word()
        if word == "not" and not re.compile(r"not\s*\(", re.IGNORECASE).match(self.text, self.at):
            self.at += len("not")
            return Apply("not", (self._operations(COMPARE),), 0)
        return self._signed()

    def _signed(self) -> Syntax:
        self._space()
        if self.text.startswith("!", self.at) and not self.text.startswith("!=", self.at):
            self.at += 1
            return Apply("not", (self._nested(self._signed),), 0)
        if self._taken("-"):
            return Apply("negative", (self._nested(lambda: self._operations(POWER)),), 0)
        if self._taken("+"):
            return self._nested(self._signed)
        return self._primary()

    def _nested(self, read: Callable[[], Syntax]) -> Syntax:
        self._deeper()
        found = read()
        self.depth -= 1
        return found

    # parts ----------------------------------------------------------------------------------------------------------

    def _primary(self) -> Syntax:
        self._space()
        if _DATA_PATH.match(self.text, self.at):
            return self._data_path()
        if self._taken("("):
            found = self._expression()
            if self._taken(","):
                return Listing((found, *self._list(")")), 0)
            self._needed(")")
            return found
        return self._constant() or self._bracketed() or self._named()

    def _constant(self) -> Syntax | None:
        for pattern in (_DAY, _NUMBER):
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                return Literal(match[0] if pattern is _DAY else Decimal(match[0]), 0)
        match = _TEXT.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        found = next(part for part in match.groups() if part is not None)
        return Literal(found.replace("''", "'") if match[0][0] == "'" else found.replace('""', '"'), 0)

    def _bracketed(self) -> Syntax | None:
        match = _BRACKETED.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        name = next(part for part in match.groups() if part)
        return Path(self.names.split(name) or (name,), 0)

    def _named(self) -> Syntax:
        match = _NAME.match(self.text, self.at)
        if match is None:
            raise self._fault()
        known = self._longest_name(match[0])
        if known is not None:
            return known
        word = _WORD.match(self.text, self.at)
        assert word is not None
        called = re.compile(r"((?:[^\W\d]\w*[.:])?[^\W\d][\w-]*)\s*\(").match(self.text, self.at)
        if called is not None:
            self.at = called.end()
            return Call(called[1], tuple(self._list(")")), 0)
        self.at = match.end()
        if match[0].lower() in CONSTANTS:
            return Literal(CONSTANTS[match[0].lower()], 0)
        return Literal(match[0], 0) if self.words and not match[0].startswith("_") else Path((match[0],), 0)

    def _longest_name(self, text: str) -> Path | None:
        """The longest beginning that names an item; what follows may be a minus or a method."""
        while True:
            parts = self.names.split(text)
            if parts is not None:
                self.at += len(text)
                return Path(parts, 0)
            border = max(text.rfind(sign) for sign in ".:-")
            if border <= 0:
                return None
            text = text[:border]

    # paths through data ---------------------------------------------------------------------------------------------

    def _data_path(self) -> Syntax:
        """`../ItemGroupData[@ItemGroupOID='G']/ItemData[@ItemOID='I'][@Value='Y']/@Value`: the item, and what is asked of it."""
        places: list[str] = []
        asked: list[tuple[str, Literal]] = []
        item = ""
        while True:
            skipped = _SKIPPED.match(self.text, self.at)
            step = None if skipped else _VALUE_STEP.match(self.text, self.at)
            named = None if skipped or step else _STEP.match(self.text, self.at)
            match = skipped or step or named
            if match is None:
                break
            self.at = match.end()
            for key, op, value in self._tests():
                item, places, asked = self._told(key, op, value, item, places, asked)
        if not item:
            raise Untranslatable("The path leads to no item.")
        path = Path((*places, item), 0)
        tests = tuple(Apply(op, (path, value), 0) for op, value in asked)
        return path if not tests else tests[0] if len(tests) == 1 else Apply("and", tests, 0)

    def _told(
        self, key: str, op: str, value: Literal, item: str, places: list[str], asked: list[tuple[str, Literal]]
    ) -> tuple[str, list[str], list[tuple[str, Literal]]]:
        if key == _ITEM_KEY and op == "=":
            return str(value.value), places, asked
        if key in _CONTAINER_KEYS and op == "=":
            return item, [*places, str(value.value)], asked
        if key == "Value":
            return item, places, [*asked, (op, value)]
        raise Untranslatable(f"The path asks for {key}, which answers do not have in our language.")

    def _tests(self) -> list[tuple[str, str, Literal]]:
        """The conditions of a step, in brackets or after `.where`."""
        found: list[tuple[str, str, Literal]] = []
        while True:
            self._space()
            if self._taken("["):
                close = "]"
            elif self._taken(".where("):
                close = ")"
            else:
                return found
            more = True
            while more:
                key, op, value, more = self._test()
                found.append((key, op, value))
            self._needed(close)

    def _test(self) -> tuple[str, str, Literal, bool]:
        match = _TEST.match(self.text, self.at)
        if match:
            self.at = match.end()
            key, op, single, double, number, more = match.groups()
            text = single if single is not None else double
            return key, op, Literal(text if text is not None else Decimal(number), 0), more is not None
        match = _FLIPPED_TEST.match(self.text, self.at)
        if match is None:
            raise self._fault()
        self.at = match.end()
        single, double, op, key, more = match.groups()
        return key, op, Literal(single if single is not None else double, 0), more is not None
