"""What may go wrong at a bank, as a table: a simulated bank has any of these, each at a rate.

The page docs/bank-simulator.md is made from this table.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from nostro.domain.errors import Invalid
from nostro.simulator.dice import PER_MILLE, Dice

_WORD = re.compile(r"([a-z_]+)(?::([A-Za-z0-9_]+))?(?:=([0-9]{1,4}))?\Z")


class Reach(StrEnum):
    """What the dice are thrown for."""

    CONNECTION = "connection"  # Each time a file is handed over.
    FILE = "file"
    PAYMENT = "payment"
    MESSAGE = "message"  # Each message to the customer.
    STATEMENT = "statement"  # Each account, each day.
    RECALL = "recall"


class Personality(msgspec.Struct, frozen=True, kw_only=True):
    """One habit. `usual_per_mille` is its rate when none is given.

    `variants` are ways to have the habit; without a choice the dice choose one of them.
    """

    name: str
    says: str
    reaches: tuple[Reach, ...]
    usual_per_mille: int = PER_MILLE
    variants: tuple[str, ...] = ()


Traits = Mapping[str, str]  # Name of a personality, and the variant ("" without variants).

PERSONALITIES: Final[tuple[Personality, ...]] = (
    Personality(
        name="slow",
        says="Answers come 10 to 240 minutes late; bookings are made in time.",
        reaches=(Reach.FILE,),
    ),
    Personality(
        name="throttling",
        says="Takes nothing and says 429 with Retry-After (SFTP: failure).",
        reaches=(Reach.CONNECTION,),
        usual_per_mille=300,
    ),
    Personality(
        name="half_open",
        says="Accepts the connection, takes nothing and never answers.",
        reaches=(Reach.CONNECTION,),
        usual_per_mille=100,
    ),
    Personality(
        name="loses_request",
        says="Cuts the connection; the file is gone and was never taken.",
        reaches=(Reach.CONNECTION,),
        usual_per_mille=100,
    ),
    Personality(
        name="loses_acknowledgement",
        says="Takes the file, then cuts the connection without a word.",
        reaches=(Reach.CONNECTION,),
        usual_per_mille=100,
    ),
    Personality(
        name="restarts",
        says="Restarts as a file comes in: cuts it off and forgets sessions; either remembers"
        " all files, or has forgotten those that it had not answered yet.",
        reaches=(Reach.CONNECTION,),
        usual_per_mille=100,
        variants=("remembers", "forgets"),
    ),
    Personality(
        name="rejects",
        says="Refuses the whole file at group level with the reason of the variant.",
        reaches=(Reach.FILE,),
        variants=("AC04", "AM04", "FF01", "DT01", "NARR"),
    ),
    Personality(
        name="partial_rejection",
        says="Refuses some payments of a file (RJCT with the reason), the file is PART.",
        reaches=(Reach.PAYMENT,),
        usual_per_mille=300,
        variants=("AC01", "AC04", "AC06", "BE05", "RC01", "RR04"),
    ),
    Personality(
        name="duplicate_reason",
        says="Says RJCT AM05 (duplicate) of a file that it has taken and pays.",
        reaches=(Reach.FILE,),
    ),
    Personality(
        name="silent",
        says="Sends no pain.002 at all; pays and tells it by notices and statements.",
        reaches=(Reach.FILE,),
    ),
    Personality(
        name="contradictory",
        says="Says one thing, then another: RJCT, then books; ACSC, then RJCT or CANC, unpaid.",
        reaches=(Reach.PAYMENT,),
        usual_per_mille=300,
        variants=("rejected_then_booked", "settled_then_rejected", "settled_then_cancelled"),
    ),
    Personality(
        name="late_return",
        says="Pays, and 1 to 5 days later the money is back: whole, a part, or less charges.",
        reaches=(Reach.PAYMENT,),
        usual_per_mille=200,
        variants=("whole", "part", "less_charges"),
    ),
    Personality(
        name="wrong_status",
        says="Answers with a status word that nobody knows, or for a message id that is not ours.",
        reaches=(Reach.FILE,),
        variants=("word", "message"),
    ),
    Personality(
        name="duplicates_messages",
        says="Delivers a message twice, the same bytes both times.",
        reaches=(Reach.MESSAGE,),
    ),
    Personality(
        name="out_of_order",
        says="Sends the statement of the day before the pain.002 of the file.",
        reaches=(Reach.FILE,),
    ),
    Personality(
        name="books_batch",
        says="Books one sum for a batch, naming the batch and not its payments.",
        reaches=(Reach.FILE,),
    ),
    Personality(
        name="statement_gap",
        says="Leaves a booked line out of the statement (which then does not close), or leaves"
        " out a whole statement (its number is missing).",
        reaches=(Reach.PAYMENT, Reach.STATEMENT),
        usual_per_mille=200,
        variants=("line", "statement"),
    ),
    Personality(
        name="refuses_recalls",
        says="Says no to a recall (RJCR), leaves it pending (PDCR) for ever, or says nothing.",
        reaches=(Reach.RECALL,),
        variants=("refused", "pending", "unanswered"),
    ),
)

BY_NAME: Final[Mapping[str, Personality]] = {one.name: one for one in PERSONALITIES}


class Habit(msgspec.Struct, frozen=True):
    """A personality that a bank has: at which rate, and in which variant ("": any)."""

    per_mille: int
    variant: str = ""


class Character(msgspec.Struct, frozen=True):
    """All that is odd about one bank, by name of the personality. Empty: all goes well."""

    habits: dict[str, Habit] = {}

    def thrown(self, dice: Dice, reach: Reach, *about: object) -> dict[str, str]:
        """The habits that show this time, each with its variant."""
        return {
            name: habit.variant or self._variant(dice, name, about)
            for name, habit in self.habits.items()
            if reach in BY_NAME[name].reaches and dice.falls(habit.per_mille, name, *about)
        }

    def _variant(self, dice: Dice, name: str, about: tuple[object, ...]) -> str:
        variants = BY_NAME[name].variants
        return dice.one_of(variants, name, "variant", *about) if variants else ""

    def words(self) -> str:
        """The same as `character` reads it."""
        return ",".join(
            f"{name}{':' if habit.variant else ''}{habit.variant}={habit.per_mille}"
            for name, habit in self.habits.items()
        )


def character(words: str | Iterable[str]) -> Character:
    """A character out of "silent,late_return:part=50". Raises Invalid (`personality_unknown`)."""
    texts = words.split(",") if isinstance(words, str) else words
    habits: dict[str, Habit] = {}
    for text in filter(None, (text.strip() for text in texts)):
        found = _WORD.match(text)
        one = BY_NAME.get(found[1]) if found else None
        if found is None or one is None:
            raise unknown_personality(text)
        per_mille = int(found[3]) if found[3] else one.usual_per_mille
        if per_mille > PER_MILLE:
            raise unknown_personality(text)
        habits[one.name] = Habit(per_mille, known_variant(one, found[2] or "", text))
    return Character(habits)


def known_variant(one: Personality, variant: str, text: str) -> str:
    """The variant, if the personality has it; raises Invalid (`personality_unknown`)."""
    if variant and variant not in one.variants:
        raise unknown_personality(text)
    return variant


def unknown_personality(text: str) -> Invalid:
    return Invalid(
        "personality_unknown",
        f"{text[:60]!r} is no personality of the simulated bank.",
        "Nothing was changed.",
        "Write NAME, NAME:VARIANT or NAME=PER_MILLE (0 to 1000); `nostro bank personalities`"
        " lists them.",
        field="personality",
    )


def table() -> str:
    """The personalities as a table of Markdown."""
    lines = ["| personality | what the bank does | thrown for each | usual ‰ | variants |"]
    lines.append("|---|---|---|---|---|")
    for one in PERSONALITIES:
        reaches = ", ".join(one.reaches)
        variants = ", ".join(f"`{name}`" for name in one.variants)
        lines.append(
            f"| `{one.name}` | {one.says} | {reaches} | {one.usual_per_mille} | {variants} |"
        )
    return "\n".join(lines) + "\n"
