"""Approved ACH payments as a Nacha file: batches by class and day, and what a bank reads compared.

The individual identification number is what the rail carries of a payment, so it is its rail
reference; the trace number is the originating bank's eight digits and our payment's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from nostro.domain.local_account import parts
from nostro.domain.party import Account
from nostro.domain.payment import Rail, agent_of, payment_of
from nostro.domain.payment_file import Method, Party, Payment, PaymentBatch, PaymentFile
from nostro.formats import Profile, options_of
from nostro.formats.american.nacha_options import REQUIRED, NachaOptions, described
from nostro.storage.orders import OrderRow

FORMAT = "nacha"
CLASSES = {Rail.ACH_CCD: "CCD", Rail.ACH_CTX: "CTX", Rail.ACH_PPD: "PPD"}
REFERENCE_CODE = 8  # Characters of the file header that tell our files apart.
_TRACE_MODULUS = 10**7
_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_CURRENT, _PAYROLL, _OTHER = "CACC", REQUIRED["PPD"], "PAYMENT"


def carries(format_name: str, rail: Rail) -> bool:
    """Whether files of a format have a place for payments of a rail: Nacha has ACH only."""
    return format_name != FORMAT or rail in CLASSES


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An order in the file: the day that it is to be executed, and what the rail calls it."""

    order: OrderRow
    day: date
    rail_reference: str


class Said(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What a bank understands of one entry; compared with what was approved."""

    sec_code: str
    description: str
    day: date | None
    reference: str
    trace: str
    minor: int
    currency: str
    credit: bool
    routing: str
    number: str
    kind: str
    name: str
    remittance: str
    odfi: str


def written(
    message_id: str,
    created_at: str,
    own: Party,
    account: Account,
    entries: Sequence[Entry],
    files_today: int,
) -> tuple[PaymentFile, list[list[Entry]]]:
    """The file, and whose payments each of its batches holds. `files_today` were made before it:
    banks take two files of one day that carry the same modifier for one."""
    agent = agent_of("", account.local_account)
    batches, members = [], []
    for number, ((day, sec_code, description), ours) in enumerate(_grouped(entries), start=1):
        ours.sort(key=lambda one: _trace(one, agent.member_id))
        members.append(ours)
        batches.append(
            PaymentBatch(
                batch_id=f"{number:07d}",
                method=Method.TRANSFER,
                requested_date=day,
                own=own,
                own_agent=agent,
                local_instrument=sec_code,
                entry_description=description,
                payments=tuple(_payment(one, agent.member_id) for one in ours),
            )
        )
    file = PaymentFile(
        message_id=message_id[-REFERENCE_CODE:].upper(),
        created_at=created_at,
        initiator=Party(name=own.name, identifier=agent.member_id),
        forwarding_agent=agent,
        codes=(("file_id_modifier", _MODIFIERS[files_today % len(_MODIFIERS)]),),
        batches=tuple(batches),
    )
    return file, members


def _grouped(entries: Iterable[Entry]) -> list[tuple[tuple[date, str, str], list[Entry]]]:
    found: dict[tuple[date, str, str], list[Entry]] = {}
    for one in entries:
        found.setdefault((one.day, CLASSES[one.order.route.rail], _described(one)), []).append(one)
    return sorted(found.items())


def _described(one: Entry) -> str:
    """What the payee's bank sees of the batch: wages are named so (Nacha rule of 20 March 2026)."""
    wages = one.order.confidential or one.order.route.pays_wages
    return _PAYROLL if wages and one.order.route.rail is Rail.ACH_PPD else _OTHER


def _trace(one: Entry, routing: str) -> str:
    number = int("".join(filter(str.isdigit, one.order.number)) or 0)
    return f"{routing[:8]}{number % _TRACE_MODULUS:07d}"


def _payment(one: Entry, routing: str) -> Payment:
    """What was approved, under the reference and the trace that ACH has room for."""
    told = payment_of(one.order.instruction)
    return Payment(
        end_to_end_id=one.rail_reference,
        amount=told.amount,
        counterparty=Party(name=told.counterparty.name),
        counterparty_account=msgspec.structs.replace(
            told.counterparty_account, kind=told.counterparty_account.kind or _CURRENT
        ),
        counterparty_agent=told.counterparty_agent,
        rail_reference=_trace(one, routing),
        remittance=told.remittance or tuple(filter(None, (told.creditor_reference,))),
    )


def approved(entries: Iterable[Entry], account: Account, profile: Profile) -> list[Said]:
    """What a bank must understand, made of the approved payments alone; sorted."""
    options = options_of(profile, NachaOptions)
    routing = parts(account.local_account).bank_code
    odfi = (options.odfi or routing)[:8]
    found = []
    for one in entries:
        told, theirs = one.order.instruction, parts(one.order.instruction.creditor_account)
        found.append(
            Said(
                sec_code=CLASSES[one.order.route.rail],
                description=described(_described(one), CLASSES[one.order.route.rail], options),
                day=one.day,
                reference=one.rail_reference,
                trace=_trace(one, odfi),
                minor=told.amount.minor,
                currency=told.amount.currency,
                credit=True,
                routing=theirs.bank_code,
                number=theirs.number,
                kind=theirs.kind or _CURRENT,
                name=told.creditor_name,
                remittance=told.remittance or told.creditor_reference,
                odfi=odfi,
            )
        )
    return sorted(found)


def understood(files: Iterable[PaymentFile], profile: Profile) -> list[Said]:
    """What our own reader understands of a file; sorted. The offset of a balanced file is ours."""
    offset = options_of(profile, NachaOptions).offset_account
    return sorted(
        Said(
            sec_code=batch.local_instrument,
            description=batch.entry_description,
            day=batch.requested_date,
            reference=one.end_to_end_id,
            trace=one.rail_reference,
            minor=one.amount.minor,
            currency=one.amount.currency,
            credit=(one.method or batch.method) is Method.TRANSFER,
            routing=one.counterparty_agent.member_id,
            number=one.counterparty_account.number,
            kind=one.counterparty_account.kind,
            name=one.counterparty.name,
            remittance="".join(one.remittance),
            odfi=batch.own_agent.member_id,
        )
        for file in files
        for batch in file.batches
        for one in batch.payments
        if not (offset and one.counterparty_account.number == offset)
    )
