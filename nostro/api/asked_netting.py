"""What programs and people may ask about credit notes, and about netting them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nostro.api.asked import BATCH_MAX, Amount, Asked, Day
from nostro.api.asked_actions import Text

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_Name = Annotated[str, Field(min_length=1, max_length=70, pattern=_NO_CONTROLS)]


class OneCreditNote(Asked):
    """One credit note: `reference` is your own number of it, `document` the supplier's. The amount
    is above zero: it is what the supplier owes."""

    reference: _Name
    entity: _Name
    payee_number: _Name
    amount: Amount
    document: Annotated[str, Field(max_length=70, pattern=_NO_CONTROLS)] = ""
    issued_on: Day | None = None


class NewCreditNotes(Asked):
    """Credit notes of suppliers. All are kept or none; those that are there already, just as they
    are, change nothing."""

    credit_notes: list[OneCreditNote] = Field(min_length=1, max_length=BATCH_MAX)


class Withdrawn(Asked):
    """Why a credit note counts no more."""

    reason: Text


class NewNetting(Asked):
    """What is to be proposed, by the digest under which it was shown."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class NotWanted(NewNetting):
    """What is not to be proposed again, and why."""

    reason: Text


class Sent(Asked):
    """Who has the proposal, where its source is: a name, or a ticket."""

    told_to: Text


class Dismissed(Asked):
    """Why nobody follows a proposal."""

    reason: Text
