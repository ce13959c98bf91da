"""Chance that can be told again: the same seed and the same question give the same answer.

No die has a memory, so the order in which files come in changes nothing for any one of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

import msgspec

Choice = TypeVar("Choice")
PER_MILLE = 1000


class Dice(msgspec.Struct, frozen=True):
    """Throws by `seed`. `about` names what is thrown for: ("late_return", message id, ...)."""

    seed: int

    def below(self, limit: int, *about: object) -> int:
        """A whole number from 0 to `limit` - 1."""
        text = "\x1f".join(map(str, (self.seed, *about)))
        digest = blake2b(text.encode(), digest_size=8).digest()
        return int.from_bytes(digest) % limit

    def falls(self, per_mille: int, *about: object) -> bool:
        """True in `per_mille` of a thousand cases."""
        return self.below(PER_MILLE, *about) < per_mille

    def one_of(self, choices: Sequence[Choice], *about: object) -> Choice:
        return choices[self.below(len(choices), *about)]
