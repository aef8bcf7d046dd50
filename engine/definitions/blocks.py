"""Expands `use: block` into the block's items and groups, with a prefix for their ids where one is given."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from engine.definitions.block_extents import Extent, extents_of
from engine.definitions.context import Context
from engine.definitions.rename import Renames
from engine.definitions.schema import entry_keys
from engine.definitions.tree import Node

GROUP_KEYS = frozenset({"group", "oid", "title", "key", "rows", "when", "see", "edit", "annotations", "items"})
USE_KEYS = frozenset({"use", "prefix"})
# Of one definition: blocks that use blocks could make any number, and copies of long texts.
MAX_ENTRIES = 20_000
MAX_TEXT = 2_000_000

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,31}")
_NOT_OF_ITEMS = frozenset({"group", "title", "key", "rows", "items", "use", "prefix"})


class Entry(NamedTuple):
    """An item or group; `use` is where a block brought it into the form."""

    node: Node
    renames: Renames
    use: Node | None


class Expander:
    """Turns the entries of sections and groups into items and groups, blocks expanded."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._extents = extents_of(context.blocks, context.problems)
        self._names: dict[str, frozenset[str]] = {}  # ids that a block brings, by block
        self._left = Extent(MAX_ENTRIES, MAX_TEXT)
        self.used: set[str] = set()  # blocks that were expanded at least once

    def unused(self) -> Iterator[str]:
        """Blocks that nothing has expanded so far, each before those that it uses."""
        yield from (name for name in reversed(self._extents) if name not in self.used)

    def expand(self, entries: Sequence[Node], renames: Renames, use: Node | None = None) -> Iterator[Entry]:
        """The items and groups among the entries and in the blocks that these use.

        Args:
            use: where a block brought the entries in; a block was counted as a whole.
        """
        for entry in entries:
            if "use" in entry.entries:
                yield from self._used(entry, renames, use)
            elif (use is not None or self._takes(Extent(1, 0), entry)) and self._is_part(entry):
                yield Entry(entry, renames, use)

    def _takes(self, size: Extent, entry: Node) -> bool:
        """Whether so much more still fits into the definition; the first that does not is reported."""
        before, left = self._left, self._left.less(size)
        self._left = left if left.fits else Extent(-1, -1)
        if before.fits and not left.fits:
            self._context.error(
                entry.key_mark,
                "block-too-large",
                f"With all blocks expanded the definition has more than {MAX_ENTRIES} entries or {MAX_TEXT} characters.",
            )
        return left.fits

    def _used(self, entry: Node, renames: Renames, use: Node | None) -> Iterator[Entry]:
        named = entry.get("use")
        self._misplaced(entry, entry.entries.keys() - USE_KEYS, "the use of a block")
        if named is None or named.text is None:
            return
        name, blocks = named.raw, self._context.blocks
        if self._context.known(named, name, blocks, "unknown-block", "block"):
            self.used.add(name)
            size = self._extents.get(name)
            if size is not None and (use is not None or self._takes(size, entry)):
                yield from self.expand(blocks[name].elements, self._renames(entry, name, renames), use or entry)

    def _renames(self, entry: Node, name: str, outer: Renames) -> Renames:
        """What the ids of the block become: first with its own prefix, then as the block around it says."""
        prefix = entry.text_of("prefix") or ""
        if prefix and not _PREFIX.fullmatch(prefix):
            self._context.error(
                entry.entries["prefix"].mark,
                "bad-id",
                f"{prefix!r} is no prefix: small letters, digits and _, starting with a letter, at most 32.",
            )
            prefix = ""
        if not prefix and not outer:
            return {}
        own = {id_: prefix + id_ for id_ in self.names_of(name)}
        return {**outer, **{id_: outer.get(new, new) for id_, new in own.items()}}

    def names_of(self, block: str) -> frozenset[str]:
        """The ids that a block brings, those of blocks that it uses included. Asked only of blocks that are not too large."""
        if block not in self._names and block in self._extents:
            self._names[block] = frozenset(self._ids(self._context.blocks[block].elements))
        return self._names.get(block, frozenset())

    def _ids(self, entries: Sequence[Node]) -> Iterator[str]:
        for entry in entries:
            for key in ("id", "group"):
                id_ = entry.text_of(key)
                if id_ is not None:
                    yield id_
            yield from self._ids(entry.list_of("items"))
            used = entry.text_of("use")
            if used is not None:
                prefix = entry.text_of("prefix") or ""
                yield from (prefix + id_ for id_ in self.names_of(used))

    def _is_part(self, entry: Node) -> bool:
        """Whether an entry is an item or a group; keys of the other are reported."""
        if "group" in entry.entries:
            self._misplaced(entry, entry.entries.keys() - GROUP_KEYS, "a group")
        elif "id" in entry.entries:
            self._misplaced(entry, entry.entries.keys() & _NOT_OF_ITEMS, "an item")
        elif isinstance(entry.value, dict):
            self._context.error(
                entry.mark,
                "entry-kind",
                "This entry is neither an item (`id`), nor a group (`group`), nor the use of a block (`use`).",
            )
            return False
        return True

    def _misplaced(self, entry: Node, keys: AbstractSet[str], what: str) -> None:
        known = entry_keys()  # others are reported by the schema
        for key in sorted(keys):
            if key in known:
                part = entry.entries[key]
                self._context.error(
                    part.key_mark,
                    "key-not-here",
                    f"The key {key!r} does not belong to {what}. Write items in a group under `items`, and an item's keys at the item.",
                )
