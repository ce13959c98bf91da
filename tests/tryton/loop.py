"""The headline loop cut where something may stand in the middle.

    take_payment_file     Tryton's approved payments as its own pain.001
    bring_status_back     what became of each, by EndToEndId
    bring_statement_back  the bank's camt.053 through Tryton's statement wizard, posted
    bring_journals_back   what nostro's journal file asks the ERP to do

Each may be repeated: what was brought back once changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal

from lxml import etree

from nostro.domain.journal import JournalEvent, PostingAction
from nostro.domain.money import Money
from tests.tryton.bed import TrytonBed
from tests.tryton.rpc import Item, Tryton

REJECTED = "RJCT"
ACCEPTED = frozenset({"ACCP", "ACSP", "ACSC", "ACTC", "ACWC"})


def take_payment_file(bed: TrytonBed, *, due_until: date, day: date) -> tuple[bytes, list[int]]:
    """Pay what is due: created, submitted, approved and processed by Tryton."""
    tryton = Tryton(bed.wire())
    payments = tryton.pay(tryton.due(due_until), day)
    tryton.approve(payments)
    return tryton.process(payments), payments


def bring_status_back(bed: TrytonBed, statuses: Mapping[str, str], day: date) -> None:
    """Tell Tryton what became of payments, as ISO 20022 words by EndToEndId.

    Accepted: Tryton books payable to clearing. Rejected: nothing booked, the bill is open again.
    Anything else is no news.
    """
    tryton = Tryton(bed.wire())
    for end_to_end_id, status in statuses.items():
        payment = tryton.payment_named(end_to_end_id)
        if payment is None:
            raise LookupError(f"Tryton knows no payment {end_to_end_id}")
        (found,) = tryton.payments([payment])
        if found.state != "processing":
            continue
        if status in ACCEPTED:
            tryton.succeed([payment], day)
        elif status == REJECTED:
            tryton.fail([payment])


def bring_statement_back(
    bed: TrytonBed, camt053: bytes, ids: Mapping[str, str] | None = None
) -> list[int]:
    """Import, clear by EndToEndId and post; the statements posted by this call.

    Tryton takes the same statement twice without a word, so it is searched for first.
    `ids` tells Tryton's own EndToEndId for one that was replaced on the way.
    """
    tryton = Tryton(bed.wire())
    if any(tryton.statements_named(name) for name in statement_ids(camt053)):
        return []
    statements = tryton.import_statement(camt053)
    for statement in statements:
        tryton.clear(statement, ids)
        tryton.post_statement(statement)
    return statements


def bring_journals_back(
    bed: TrytonBed, journals: Iterable[JournalEvent], ids: Mapping[str, str]
) -> int:
    """Do in Tryton what each journal asks for; how many changed something there.

    `ids` tells Tryton's EndToEndId of a payment by the number before the slash of the reference.
    """
    tryton, done = Tryton(bed.wire()), 0
    for journal in journals:
        if journal.action is PostingAction.RESET_AND_REVERSE:
            payment = tryton.payment_named(ids[journal.reference.partition("/")[0]])
            if payment is None:
                raise LookupError(f"Tryton knows no payment for {journal.reference}")
            (found,) = tryton.payments([payment])
            if found.state != "failed":
                tryton.fail([payment])
                done += 1
        elif journal.action is PostingAction.POST:
            items = [Item(x.ledger_account, _decimal(x.functional)) for x in journal.lines]
            done += tryton.post_entry_once(journal.posting_date, journal.reference, items)
        else:
            raise ValueError(f"{journal.reference}: nothing here can {journal.action}")
    return done


def statuses_of(pain002: bytes) -> dict[str, str]:
    """The status of each transaction in a pain.002, by EndToEndId."""
    return {
        _text(one, "OrgnlEndToEndId"): _text(one, "TxSts")
        for one in _elements(pain002, "TxInfAndSts")
    }


def statement_ids(camt053: bytes) -> list[str]:
    """The bank's id of each statement in the file."""
    return [_text(one, "Id") for one in _elements(camt053, "Stmt")]


def _decimal(money: Money) -> Decimal:
    return Decimal(money.number())


def _elements(content: bytes, name: str) -> Iterator[etree._Element]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    yield from etree.fromstring(content, parser).iterfind(f".//{{*}}{name}")


def _text(element: etree._Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""
