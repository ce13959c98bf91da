"""What a bank says of a file as a file: it came, it can be read, or this and that part cannot.

ASC X12 TA1, 997 and 999; UN/EDIFACT CONTRL (ISO 9735-4). Such a word is about syntax: it proves
that the file arrived, and never what becomes of a payment in it.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from nostro.domain.problem import NOWHERE, Location


class FileVerdict(StrEnum):
    """What the bank says of an interchange, a group or a message in it."""

    RECEIVED = "received"  # It is there; whether it can be read is told later.
    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    PARTLY_ACCEPTED = "partly_accepted"
    REJECTED = "rejected"


class Level(StrEnum):
    INTERCHANGE = "interchange"
    GROUP = "group"
    MESSAGE = "message"


class FileFault(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One error in our file: the standard's code as written, and what it means, or "".

    `segment` is its name, `position` its number in the message, `element` the place in it;
    `content` the text that is wrong. `duplicate`: the bank says that it may have the file already.
    """

    code: str
    text: str = ""
    segment: str = ""
    position: str = ""
    element: str = ""
    content: str = ""
    duplicate: bool = False


class AcknowledgedPart(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A group or a message of our file: `reference` is its control number, `kind` its type."""

    level: Level
    reference: str
    kind: str
    verdict: FileVerdict
    code: str
    faults: tuple[FileFault, ...] = ()
    location: Location = NOWHERE


class TransportAcknowledgement(msgspec.Struct, frozen=True, kw_only=True):
    """One acknowledgement of one interchange, or of one group, that we sent.

    `reference` is its own control number. `original_interchange` and `original_group` are ours; a
    997 names the group alone. `verdict` is of the `level` named, `parts` are what lies below it as
    far as the bank speaks of it; `code` is the bank's own letter or number for the verdict.
    """

    reference: str
    sender: str
    receiver: str
    level: Level
    verdict: FileVerdict
    code: str
    original_interchange: str = ""
    original_group: str = ""
    faults: tuple[FileFault, ...] = ()
    parts: tuple[AcknowledgedPart, ...] = ()
    location: Location = NOWHERE

    @property
    def original(self) -> str:
        """How people name what is acknowledged."""
        return self.original_interchange or self.original_group

    @property
    def says_duplicate(self) -> bool:
        return any(fault.duplicate for fault in self.faults)

    def every_fault(self) -> tuple[FileFault, ...]:
        return (*self.faults, *(fault for part in self.parts for fault in part.faults))
