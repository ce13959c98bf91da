"""What shall happen, said beforehand: to the n-th file, to one payment, to all of one payee.

A script is TOML or JSON of three tables; what it names, the dice leave alone:

    [files]                       # by number in the order of arrival, or by message id
    3 = "loses_acknowledgement"
    [payments]                    # by end-to-end id
    "E2E-7" = "RJCT AC04"
    [payees]                      # by IBAN
    "NL02ABNA0123456789" = "late_return:part"

Words are those of personalities (several with commas), a status word with a reason, R03 or
C01 1918171 for an ACH entry (by its individual id, or its account's number), or "well".
"""

from __future__ import annotations

import re
import tomllib

import msgspec

from nostro.domain.errors import Invalid
from nostro.simulator.personalities import (
    BY_NAME,
    Traits,
    known_variant,
    unknown_personality,
)

# What a scripted status word is called among the traits: "RJCT AC04" is {STATUS: "RJCT AC04"}.
STATUS = "status"
WELL = "well"
_STATUS = re.compile(r"[A-Z]{4}(?: [A-Z0-9]{1,4})?\Z")
# What the payee's bank does with an ACH entry: "R03", or "C01 1918171" with the corrected number.
ACH = "ach"
_ACH = re.compile(r"(?:R[0-9]{2}|C[0-9]{2}(?: [A-Za-z0-9 -]{1,29})?)\Z")
_LINE = re.compile(r"\s*(file|payment|payee)\s+([^:\s]+)\s*:\s*(.+)\Z")


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Words by file number or message id, by end-to-end id, by payee IBAN."""

    files: dict[str, str] = {}
    payments: dict[str, str] = {}
    payees: dict[str, str] = {}

    def for_file(self, number: int, message_id: str) -> dict[str, str] | None:
        """What shall happen to this file; None: the dice say."""
        words = self.files.get(message_id) or self.files.get(str(number))
        return None if words is None else dict(traits_of(words))

    def for_payment(self, end_to_end_id: str, payee_iban: str) -> dict[str, str] | None:
        words = self.payments.get(end_to_end_id) or self.payees.get(payee_iban)
        return None if words is None else dict(traits_of(words))

    def checked(self) -> Script:
        """Itself. Raises Invalid (`personality_unknown`) for words that nobody understands."""
        for words in (*self.files.values(), *self.payments.values(), *self.payees.values()):
            traits_of(words)
        return self

    def with_more(self, more: Script) -> Script:
        """Both; where they speak of the same thing, `more` wins."""
        return Script(
            files={**self.files, **more.files},
            payments={**self.payments, **more.payments},
            payees={**self.payees, **more.payees},
        )


def traits_of(words: str) -> Traits:
    """Words of a script as traits. Raises Invalid (`personality_unknown`)."""
    traits: dict[str, str] = {}
    for text in filter(None, (text.strip() for text in words.split(","))):
        if _STATUS.match(text):
            traits[STATUS] = text
            continue
        if _ACH.match(text):
            traits[ACH] = text
            continue
        name, _, variant = text.partition(":")
        if text == WELL:
            continue
        if name not in BY_NAME:
            raise unknown_personality(text)
        one = BY_NAME[name]
        traits[name] = known_variant(one, variant, text) or next(iter(one.variants), "")
    return traits


def read_script(data: bytes) -> Script:
    """A script in JSON, in TOML, or in lines such as "payment E2E-7: RJCT AC04".

    Raises Invalid: `script_unreadable`, `personality_unknown`.
    """
    try:
        text = data.decode()
        if lines := _lines(text):
            return lines.checked()
        told = msgspec.json.decode(data) if text.lstrip().startswith("{") else tomllib.loads(text)
        return msgspec.convert(told, Script).checked()
    except (UnicodeDecodeError, msgspec.MsgspecError, tomllib.TOMLDecodeError) as error:
        raise Invalid(
            "script_unreadable",
            f"The script cannot be understood: {error}.",
            "Nothing was changed.",
            "It has the tables files, payments and payees, each of texts; see"
            " docs/bank-simulator.md.",
        ) from None


def _lines(text: str) -> Script | None:
    tables: dict[str, dict[str, str]] = {"file": {}, "payment": {}, "payee": {}}
    written = [line for line in text.splitlines() if line.strip()]
    for line in written:
        found = _LINE.match(line)
        if found is None:
            return None
        tables[found[1]][found[2]] = found[3].strip()
    if not written:
        return None
    return Script(files=tables["file"], payments=tables["payment"], payees=tables["payee"])
