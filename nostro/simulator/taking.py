"""How the simulated bank takes a file, or does not: what happens to it at the door.

The door itself (REST, SFTP, a folder) only carries out the `Answer`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import partial
from hashlib import sha256
from io import BytesIO

import msgspec

from nostro.domain.cancellation import CancellationRequest, payments_of
from nostro.domain.errors import Invalid
from nostro.domain.payment_file import PaymentFile
from nostro.formats import HEAD_BYTES, Profile, documents
from nostro.formats.american import nacha
from nostro.formats.iso20022.answers import camt_055
from nostro.formats.iso20022.payments import pain_001, pain_008
from nostro.simulator import ach, checks
from nostro.simulator.answer_messages import Word
from nostro.simulator.paying import DECIDES_AFTER, decide
from nostro.simulator.personalities import Reach
from nostro.simulator.recalling import answer_recall
from nostro.simulator.reporting import report_unread
from nostro.simulator.state import Instructed, State, TakenFile

RETRY_AFTER_SECONDS = 2
_READ = (pain_001.FORMAT, pain_008.FORMAT, nacha.FORMAT, camt_055.FORMAT)


class Fate(StrEnum):
    """What happens to the connection."""

    ANSWERED = "answered"
    CUT = "cut"
    HELD = "held"  # Open, and silent for ever.


class Verdict(StrEnum):
    TAKEN = "taken"
    AGAIN = "again"  # Taken before; the first answer again.
    REFUSED = "refused"
    KEY_REUSED = "key_reused"
    THROTTLED = "throttled"
    NOTHING = "nothing"  # It never came to a verdict.


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file that was handed over, and what the customer sees of it.

    `reference` is the bank's own, of a file that was taken; `code` and `text` are of a refusal.
    """

    fate: Fate
    verdict: Verdict
    message_id: str = ""
    reference: str = ""
    code: str = ""
    text: str = ""
    retry_after_seconds: int = 0


def submit(state: State, content: bytes, key: str, *, written: bool) -> Answer:
    """A file comes in: pain.001, pain.008, Nacha, camt.055, issued checks or decisions on checks.

    `key` is the idempotency key, "" where the way has none. `written`: this way has no answer, so
    a refusal is told by a pain.002.
    """
    state.arrivals += 1
    if checks.is_of_checks(content):
        return _take_checks(state, content)
    try:
        document = read_document(content)
        message_id = _message_id(document)
        if isinstance(document, PaymentFile) and ach.is_ach(content):
            message_id = ach.named(document, key)
            document = ach.from_account(state, document, message_id)
    except Invalid as error:
        state.tell(f"a file was refused: {error.happened}")
        if written:
            report_unread(state, key, Word("RJCT", "FF01"))
        return _no(Verdict.REFUSED, key, "FF01", str(error))
    time = state.tries[message_id] = state.tries.get(message_id, 0) + 1
    scripted = state.script.for_file(state.arrivals, message_id)
    traits = scripted if scripted is not None else _thrown(state, message_id, time)
    if ach.is_ach(content):
        traits = ach.over_ach(traits)
    lost = _at_the_door(state, message_id, traits)
    if lost is not None:
        return lost
    if key and key != message_id:
        return _no(Verdict.REFUSED, key, "key_differs", "The key is not the file's message id.")
    answer = _take(state, document, content, traits, key, scripted is not None, written)
    cut = {"loses_acknowledgement", "restarts"} & set(traits)
    if cut and answer.verdict in (Verdict.TAKEN, Verdict.AGAIN):
        state.tell(f"cut the connection after {message_id} was taken")
        return msgspec.structs.replace(answer, fate=Fate.CUT)
    return answer


def _take_checks(state: State, content: bytes) -> Answer:
    """A file of issued checks, or of decisions: it counts the same however often it comes."""
    name = checks.name_of(content)
    time = state.tries[name] = state.tries.get(name, 0) + 1
    traits = _thrown(state, name, time)
    lost = _at_the_door(state, name, traits)
    if lost is not None:
        return lost
    try:
        checks.take(state, content)
    except Invalid as error:
        state.tell(f"a file of checks was refused: {error.happened}")
        return _no(Verdict.REFUSED, name, "FF01", str(error))
    cut = "loses_acknowledgement" in traits
    fate = Fate.CUT if cut else Fate.ANSWERED
    return Answer(fate=fate, verdict=Verdict.TAKEN, message_id=name, reference=name)


def read_document(content: bytes) -> PaymentFile | CancellationRequest:
    """The one message of a file. Raises Invalid."""
    head = content[:HEAD_BYTES]
    form = max(_READ, key=lambda one: one.identify(head))
    if not form.identify(head):
        raise _unreadable("It is no pain.001, pain.008, Nacha file or camt.055.")
    found = list(documents(form, BytesIO(content), Profile()))
    if len(found) != 1 or not isinstance(found[0], PaymentFile | CancellationRequest):
        raise _unreadable(f"It holds {len(found)} messages, not one.")
    return found[0]


def _unreadable(why: str) -> Invalid:
    return Invalid(
        "file_not_read", f"The file cannot be used. {why}", "It was not taken.", "Send another."
    )


def _message_id(document: PaymentFile | CancellationRequest) -> str:
    if isinstance(document, CancellationRequest):
        return document.assignment_id
    return document.message_id


def _thrown(state: State, message_id: str, time: int) -> dict[str, str]:
    about = (message_id, time)
    return {
        **state.character.thrown(state.dice, Reach.CONNECTION, *about),
        **state.character.thrown(state.dice, Reach.FILE, *about),
    }


def _at_the_door(state: State, message_id: str, traits: dict[str, str]) -> Answer | None:
    """An answer that comes before anything is taken; None: the file comes in."""
    if "throttling" in traits:
        state.tell(f"throttled {message_id}")
        return Answer(
            fate=Fate.ANSWERED,
            verdict=Verdict.THROTTLED,
            message_id=message_id,
            retry_after_seconds=RETRY_AFTER_SECONDS,
        )
    if "half_open" in traits:
        state.tell(f"left {message_id} without an answer and did not take it")
        return Answer(fate=Fate.HELD, verdict=Verdict.NOTHING, message_id=message_id)
    if "loses_request" in traits:
        state.tell(f"lost {message_id} and cut the connection")
        return Answer(fate=Fate.CUT, verdict=Verdict.NOTHING, message_id=message_id)
    return None


def _take(
    state: State,
    document: PaymentFile | CancellationRequest,
    content: bytes,
    traits: dict[str, str],
    key: str,
    scripted: bool,
    written: bool,
) -> Answer:
    message_id, digest = _message_id(document), sha256(content).hexdigest()
    before = state.known(message_id)
    if before is not None and (key or state.deduplicates):
        if before.digest != digest:
            return _used_before(state, message_id, written, "other content")
        if state.deduplicates:
            state.tell(f"{message_id} came again and counts once")
            if written:
                return _used_before(state, message_id, written, "the same content")
            return _yes(Verdict.AGAIN, before)
    file = TakenFile(
        message_id=message_id,
        message_name=_named(document),
        digest=digest,
        reference=state.number("REF"),
        received_at=state.now,
        time=state.tries[message_id],
        traits=traits,
        scripted=scripted,
    )
    state.files.setdefault(message_id, []).append(file)
    if isinstance(document, PaymentFile):
        _take_payments(state, file, document)
    else:
        count = len(payments_of(document))
        state.tell(f"took recall {message_id}, payments named: {count}")
        state.at(state.now + DECIDES_AFTER, partial(answer_recall, state, file, document))
    if "restarts" in traits:
        _restart(state, traits["restarts"])
    return _yes(Verdict.TAKEN, file)


def _take_payments(state: State, file: TakenFile, document: PaymentFile) -> None:
    file.payments = [
        Instructed(
            file=file,
            batch_id=batch.batch_id,
            method=payment.method or batch.method,
            iban=batch.own_account.iban or batch.own_account.number,
            requested_date=batch.requested_date,
            batch_booking=batch.batch_booking is True,
            payment=payment,
            batch=batch,
        )
        for batch in document.batches
        for payment in batch.payments
    ]
    state.tell(f"took {file.message_id}, payments: {len(file.payments)}")
    state.at(state.now + DECIDES_AFTER, partial(decide, state, file))


def _named(document: PaymentFile | CancellationRequest) -> str:
    return document.version if isinstance(document, PaymentFile) else "camt.055"


def _restart(state: State, variant: str) -> None:
    state.sessions += 1
    state.tell(f"restarted; sessions are forgotten ({variant})")
    if variant != "forgets":
        return
    for files in state.files.values():
        for file in files:
            if not file.decided and not file.forgotten:
                file.forgotten = True
                state.tell(f"has forgotten {file.message_id}")


def _used_before(state: State, message_id: str, written: bool, what: str) -> Answer:
    if written:
        report_unread(state, message_id, Word("RJCT", "AM05"))
    text = f"The message id {message_id} was used before, with {what}."
    state.tell(text)
    return _no(Verdict.KEY_REUSED, message_id, "key_reused", text)


def _yes(verdict: Verdict, file: TakenFile) -> Answer:
    return Answer(
        fate=Fate.ANSWERED,
        verdict=verdict,
        message_id=file.message_id,
        reference=file.reference,
    )


def _no(verdict: Verdict, message_id: str, code: str, text: str) -> Answer:
    return Answer(fate=Fate.ANSWERED, verdict=verdict, message_id=message_id, code=code, text=text)
