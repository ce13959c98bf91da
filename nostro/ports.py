"""What the core asks of the outside world. Implementing a protocol is declaring the capability.

Connectors implement what their system can do; there is no second list of capabilities.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Protocol, runtime_checkable
from uuid import UUID

import msgspec

from nostro.domain.bank_days import BankDays
from nostro.domain.payment import Rail


class Clock(Protocol):
    """The time of the business. Aware, UTC."""

    def now(self) -> datetime: ...


class Ids(Protocol):
    """New identifiers, made at the edge: UUIDv7 (sortable by time)."""

    def new(self) -> UUID: ...

    def new_uetr(self) -> UUID:
        """A UETR: UUIDv4, as SWIFT wants it."""


class Secrets(Protocol):
    """Where a customer's credentials live, inside its unit of work. Reading raises Refused when the
    name is unknown."""

    def knows(self, name: str) -> bool: ...

    def known(self, names: Collection[str]) -> dict[str, str]:
        """Those of these secrets that there are, by name."""

    def read(self, name: str) -> str: ...

    def write(self, name: str, value: str) -> None: ...


class WrappedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key encrypted under a key-encryption key, and which one that was."""

    key_id: str
    wrapped: bytes


class KeyEncryption(Protocol):
    """Keeps the key-encryption keys of an installation: file, environment or a key management
    service. They never leave it; keys are handed in to be wrapped and unwrapped."""

    def newest(self) -> str:
        """The id of the key-encryption key that wraps now."""

    def wrap(self, key: bytes, bound_to: bytes) -> WrappedKey:
        """Encrypt a key under the newest key-encryption key, for this place only."""

    def unwrap(self, wrapped: WrappedKey, bound_to: bytes) -> bytes:
        """The key. Raises Refused: `key_encryption_unknown` when the key-encryption key is not
        here, `sealed_for_elsewhere` when it was wrapped for another place."""


class ObjectLock(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps an object from being deleted: until a time, if there is one, and while it is held.

    `mode` is of Amazon's S3: COMPLIANCE binds everybody, GOVERNANCE those without a special right.
    """

    mode: str
    until: datetime | None
    held: bool = False


class KeptObject(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an object in a store."""

    name: str
    version: str
    size_bytes: int
    changed_at: datetime


class KeepsObjects(Protocol):
    """A store of named bytes outside the database, whose address the operator has set.

    Raises Unavailable when it is away and nothing of the kind happened, Refused when it says no.
    """

    @property
    def lock_mode(self) -> str:
        """The mode that this installation chose for its locks."""

    def locks(self) -> bool:
        """Does it keep objects from being deleted, when it is asked to?"""

    def add(self, name: str, pieces: Iterable[bytes], lock: ObjectLock | None = None) -> bool:
        """Write an object in little memory, unless the name is taken: then False."""

    def read(self, name: str, start: int = 0, length: int = 0, version: str = "") -> bytes:
        """Bytes of an object, all of it without a length; fewer where it ends.

        Raises Refused (`object_missing`) when there is none.
        """

    def pieces(self, name: str) -> Iterator[bytes]:
        """All bytes of an object in little memory; raises as `read` does."""

    def versions(self, beginning: str) -> Iterator[KeptObject]:
        """Every version of every object whose name begins so, by name."""

    def lock_of(self, name: str) -> ObjectLock | None:
        """What keeps the newest version; None when nothing does. Raises as `read` does."""

    def lock(self, name: str, lock: ObjectLock) -> None:
        """Keep the newest version from being deleted; a time is only ever moved further out, a hold
        is set or taken away."""

    def remove(self, name: str) -> bool:
        """Delete every version of an object; False when some of them are locked."""

    def give_up_uploads(self, before: datetime) -> int:
        """Forget what was begun before a time and never finished; returns how many."""


class Calendar(Protocol):
    """Bank days of currencies and markets."""

    def next_bank_day(self, day: date, currency: str) -> date:
        """`day` itself when the currency settles on it, else the next one."""

    def days(self, names: tuple[str, ...]) -> BankDays:
        """The days on which all calendars of these names are open."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """Frozen bytes on their way out; `message_id` is in them and never changes."""

    message_id: str
    file_name: str
    media_type: str
    content: bytes


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The other side's word that it has the bytes: its own reference, or ""."""

    reference: str


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """One message from the other side, exactly as received."""

    name: str
    media_type: str
    content: bytes
    received_at: datetime


@runtime_checkable
class SendsPayments(Protocol):
    """A channel that takes payment files."""

    @abstractmethod
    def rails(self) -> frozenset[Rail]: ...

    @abstractmethod
    def payment_format(self, rail: Rail) -> str:
        """The format in which this bank takes payments of a rail, a name in nostro.formats."""

    @abstractmethod
    def send(self, outgoing: Outgoing) -> Receipt:
        """Hand the bytes over once.

        Raises Unavailable only when the bank surely has nothing; Refused on a definite no;
        InDoubt whenever bytes may have arrived.
        """


@runtime_checkable
class DeliversMessages(Protocol):
    """A channel from which status reports and statements are collected."""

    @abstractmethod
    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        """Messages after `cursor` with the cursor to store once each is safely kept.

        Must be repeatable: the same cursor gives the same messages until it is moved on.
        """


@runtime_checkable
class AnswersEnquiries(Protocol):
    """A channel that can say whether it knows a message of ours."""

    @abstractmethod
    def knows(self, message_id: str) -> bool | None:
        """True: it has it. False: it says it never had it. None: it cannot tell."""


@runtime_checkable
class ReportsStatus(Protocol):
    """A channel that can be asked what became of one file of ours, payment by payment."""

    @abstractmethod
    def status(self, message_id: str) -> Incoming | None:
        """The bank's own answer as a message to be kept and understood; None: nothing new.

        Raises Unavailable or Refused. "I do not know this file" is `knows`' answer, not this one.
        """


class NameAsked(msgspec.Struct, frozen=True, kw_only=True):
    """Is this account in this name?"""

    iban: str
    bic: str
    name: str


class NameTold(msgspec.Struct, frozen=True, kw_only=True):
    """What the payee's bank says: RCVC, RVMC, RVNM or RVNA, the name that it tells after a close
    match, and the answer as it came."""

    answer: str
    name: str
    content: bytes
    media_type: str


@runtime_checkable
class VerifiesPayees(Protocol):
    """A channel that can be asked whether an account is in a name (Verification of Payee)."""

    @abstractmethod
    def verify_payee(self, asked: NameAsked) -> NameTold:
        """Ask; nothing moves by it. Raises Unavailable or Refused."""


@runtime_checkable
class RecallsPayments(Protocol):
    """A channel that takes requests to cancel or recall payments."""

    @abstractmethod
    def recall_format(self) -> str:
        """The format of such a request, a name in nostro.formats ("camt_055")."""

    @abstractmethod
    def recall(self, outgoing: Outgoing) -> Receipt:
        """Hand the request over once; raises as `send` does."""


@runtime_checkable
class TakesCheckFiles(Protocol):
    """A channel that takes lists of issued checks, and decisions on presented ones."""

    @abstractmethod
    def tell_checks(self, outgoing: Outgoing) -> Receipt:
        """Hand the file over once; raises as `send` does."""


@runtime_checkable
class RepeatsSafely(Protocol):
    """A channel of which the bank promises by contract that the same bytes count once."""

    @abstractmethod
    def repeatable_for(self) -> timedelta:
        """How long after the first send the promise holds: then the same bytes may go again."""


@runtime_checkable
class AcceptsBySilence(Protocol):
    """A channel whose bank reports refusals only: what it does not refuse in time is accepted."""

    @abstractmethod
    def silent_after(self) -> timedelta:
        """How long after delivery silence means yes. Zero: on this connection it never does."""


@runtime_checkable
class TakesCallbacks(Protocol):
    """A channel that is called by the bank (a webhook)."""

    @abstractmethod
    def receive(self, headers: Mapping[str, str], body: bytes) -> Incoming:
        """The message in one call, after its signature was checked; header names are lower case.

        Raises Refused when the call is not surely the bank's. Needs no network.
        """


@runtime_checkable
class SealsFiles(Protocol):
    """A channel whose files are signed and encrypted before they leave, and opened on arrival."""

    @abstractmethod
    def seal(self, outgoing: Outgoing) -> Outgoing:
        """The file signed by us and encrypted to the bank, under the name that it travels by.

        Without network. Two seals of one file differ, so the result is kept and is what is sent:
        a second try carries the same bytes. Raises Refused when a key does not serve.
        """

    @abstractmethod
    def unseal(self, content: bytes) -> bytes:
        """The clear content of what the bank sent, after its signature was checked.

        Without network. Raises Refused when it is not surely the bank's or cannot be opened.
        """


@runtime_checkable
class TakesPostings(Protocol):
    """An ERP that takes journals."""

    @abstractmethod
    def post(self, outgoing: Outgoing) -> Receipt:
        """Write once under `outgoing.message_id`; look up before writing again."""


@runtime_checkable
class TakesStatuses(Protocol):
    """A source of payments that is told what became of them."""

    @abstractmethod
    def status_format(self) -> str:
        """The format it reads, a name in nostro.formats; "": over this connection it wants none."""

    @abstractmethod
    def tell(self, outgoing: Outgoing) -> Receipt:
        """Hand the file over once under `outgoing.message_id`; raises as `send` does."""


@runtime_checkable
class TellsPayees(Protocol):
    """A way to tell payees that they are paid: by mail, or as files for whoever tells them."""

    @property
    @abstractmethod
    def by_mail(self) -> bool:
        """Whether it wants to know the payee's address."""

    @abstractmethod
    def sender(self) -> str:
        """The address that its mails come from; "" where it writes files."""

    @abstractmethod
    def tell_payee(self, notice: Outgoing, recipient: str) -> Receipt:
        """Hand over a message (RFC 5322) once; raises as `send` does."""

    @abstractmethod
    def greet(self) -> str:
        """Sign in and go, without telling anybody anything; what was seen, in words. Raises
        Unavailable or Refused."""
