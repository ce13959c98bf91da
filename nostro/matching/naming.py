"""Which open documents a text names, and whether two names are the same one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from nostro.domain.open_item import OpenItem

SHORTEST_REFERENCE = 5  # Shorter numbers stand in texts by chance.
_SEPARATORS = re.compile(r"[^0-9A-Z]+")
_WORD = re.compile(r"[0-9A-Z]+")


class Documents:
    """Open items by the letters of their document, indexed once for all lines of a statement.

    A text is cut into words once; a document can only be a word or adjacent words joined. So a
    line costs as much as its text is long, however many items are open.
    """

    def __init__(self, items: Sequence[OpenItem]) -> None:
        self._items = items
        self._places: dict[str, list[int]] = {}
        for place, item in enumerate(items):
            letters = _SEPARATORS.sub("", item.document.upper())
            if len(letters) >= SHORTEST_REFERENCE:
                self._places.setdefault(letters, []).append(place)
        self._longest = max(map(len, self._places), default=0)

    def named_by(self, text: str) -> list[OpenItem]:
        """Named as whole words, whatever separators they were given; in the items' order."""
        found: set[int] = set()
        words = _WORD.findall(text.upper())
        for start in range(len(words)):
            joined = ""
            for word in words[start:]:
                joined += word
                if len(joined) > self._longest:
                    break
                found.update(self._places.get(joined, ()))
        return [self._items[place] for place in sorted(found)]


def same_name(one: str, other: str) -> bool:
    """The same name but for case, accents, spaces and punctuation. No name is nobody's name."""
    return bool(_plain(one)) and _plain(one) == _plain(other)


def _plain(name: str) -> str:
    spread = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in spread if character.isalnum())
