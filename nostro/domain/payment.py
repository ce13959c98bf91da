"""What is paid, to whom, from where and by which way: the part of a payment that people approve."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from typing import Final

import msgspec

from nostro.domain.canonical import digest
from nostro.domain.local_account import Scheme, parts
from nostro.domain.money import Money
from nostro.domain.party import PostalAddress
from nostro.domain.payment_file import (
    Address,
    Agent,
    BankAccount,
    Method,
    Party,
    Payment,
    PaymentBatch,
)


class ChargeBearer(StrEnum):
    """ISO 20022 ChargeBearerType1Code."""

    SLEV = "SLEV"
    SHAR = "SHAR"
    DEBT = "DEBT"
    CRED = "CRED"


class Rail(StrEnum):
    """The way a payment travels; what each is like stands in nostro.domain.rail."""

    SEPA_CREDIT_TRANSFER = "sepa_credit_transfer"
    SEPA_INSTANT = "sepa_instant"
    CROSS_BORDER_TRANSFER = "cross_border_transfer"
    ACH_CCD = "ach_ccd"
    ACH_CTX = "ach_ctx"
    ACH_PPD = "ach_ppd"
    FEDWIRE = "fedwire"
    RTP = "rtp"
    FEDNOW = "fednow"
    BACS = "bacs"
    FASTER_PAYMENTS = "faster_payments"
    CHAPS = "chaps"
    CHECK = "check"
    PSP_PAYOUT = "psp_payout"
    TREASURY_HUB = "treasury_hub"


class Urgency(StrEnum):
    """How fast the source wants a payment to be handled. It moves nothing by itself: rules ask."""

    NORMAL = "normal"
    URGENT = "urgent"


class Wishes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the source itself says of a payment's handling. Its purposes (ISO 20022 Purp and
    CtgyPurp) are told to the bank; no rule of the customer's takes their place."""

    urgency: Urgency | None = None
    purpose: str = ""
    category_purpose: str = ""


# ISO 20022 ExternalPurpose1Code and ExternalCategoryPurpose1Code.
PURPOSE_CODE: Final = re.compile(r"[A-Z]{4}\Z")
# Those of them that Nacha means by wages, salaries or similar types of compensation.
WAGES: Final = frozenset({"SALA", "PAYR", "BONU", "COMM"})


class RollRule(StrEnum):
    NONE = "none"
    NEXT_BANK_DAY = "next_bank_day"


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One payment as its source asked for it, before any check.

    `source_reference` is the source's own number of the payment, unique within the source.
    The payee's account is `creditor_iban`, or `creditor_account` as nostro.domain.local_account
    writes it, or neither: then only a cheque can pay. `rail` is the one that the source asks for,
    `to_person` that the payee is no company (a salary, a refund of expenses), `wishes` what else it
    says of the handling.
    `invoices` are the document numbers it pays. `end_to_end_id` is the source's own, or "".
    `debit_iban` is the account the source wants debited, by its IBAN or as local_account writes
    it, or "": then routing chooses. An ERP's
    pain.001 names only that account: then `entity_code` is "" and the account tells the entity.
    `run_id` is the payment run it came in, `approved_by` who approved it in the source: told, not
    trusted, our own approvals come on top. `confidential` is for life: see
    nostro.domain.policies.confidential.
    """

    source_reference: str
    entity_code: str
    amount: Money
    payee_number: str
    payee_name: str
    payee_address: PostalAddress
    creditor_iban: str = ""
    creditor_account: str = ""
    creditor_bic: str = ""
    requested_date: date
    invoices: tuple[str, ...] = ()
    remittance: str = ""
    creditor_reference: str = ""
    end_to_end_id: str = ""
    line: int = 0
    debit_iban: str = ""
    run_id: str = ""
    approved_by: str = ""
    confidential: bool = False
    rail: Rail | None = None
    to_person: bool = False
    wishes: Wishes | None = None

    @property
    def creditor_number(self) -> str:
        """What names the payee's account, whichever it is; "" for a cheque."""
        return self.creditor_iban or self.creditor_account


class RunTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment run's file says about itself, after every line of it was read.

    `lines` is how many payment lines there were, usable or not; `count` and `sums` are the totals
    that the file states, or None when it states none. Totals that do not fit never get this far.
    """

    run_id: str
    lines: int
    count: int | None
    sums: tuple[Money, ...] | None


class WayOut(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """From which account, over which connection and by which rail a payment goes."""

    account_id: str
    debtor_iban: str
    connection_id: str
    rail: Rail
    debtor_account: str = ""


class Added(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the customer's own rules add to a payment, and which rule. The purposes are told to the
    bank where its file has room (ISO 20022 Purp and CtgyPurp); the others stay here."""

    rule: str
    purpose: str = ""
    category_purpose: str = ""
    cost_centre: str = ""
    intercompany: bool = False


class Route(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The proposed way of a payment; part of what is approved. What is not there is left out of
    the digest, so that older approvals hold.

    `asked_for`: the source named the account, `rail_asked_for`: the rail. `fallback` are the ways
    that are approved with it, for when it surely failed. Once one of them is taken, the route is
    that one, and `first` the way that was proposed. `wishes` are the source's, and `to_person`.
    `cost` is what the bank charges, where the way was chosen as the cheapest.
    """

    account_id: str
    debtor_iban: str
    connection_id: str
    rail: Rail
    charge_bearer: ChargeBearer
    rule: str
    asked_for: bool = False
    fallback: tuple[WayOut, ...] = ()
    first: WayOut | None = None
    debtor_account: str = ""
    rail_asked_for: bool = False
    added: Added | None = None
    wishes: Wishes | None = None
    cost: Money | None = None
    to_person: bool = False

    @property
    def purpose(self) -> str:
        """What the payment is for, as the bank is told: the source's own word before any rule's."""
        return (self.wishes.purpose if self.wishes else "") or (
            self.added.purpose if self.added else ""
        )

    @property
    def category_purpose(self) -> str:
        return (self.wishes.category_purpose if self.wishes else "") or (
            self.added.category_purpose if self.added else ""
        )

    @property
    def pays_wages(self) -> bool:
        return not WAGES.isdisjoint((self.purpose, self.category_purpose))

    @property
    def debtor_number(self) -> str:
        """What names the debited account, whichever it is."""
        return self.debtor_iban or self.debtor_account

    def way(self) -> WayOut:
        """The way that the payment takes as things stand."""
        return WayOut(**{name: getattr(self, name) for name in WayOut.__struct_fields__})

    def as_approved(self) -> Route:
        """The route as people saw it, whichever of its ways is taken now."""
        return self if self.first is None else self.taking(self.first, first=None)

    def anew(self) -> Route:
        """The route as it is put to people once more: by the way it takes now, and what is left."""
        if self.first is None:
            return self
        left = self.fallback[self.fallback.index(self.way()) + 1 :]
        return msgspec.structs.replace(self, first=None, fallback=left, cost=None)

    def taking(self, way: WayOut, first: WayOut | None) -> Route:
        """The same by another of its ways."""
        return msgspec.structs.replace(self, **msgspec.structs.asdict(way), first=first)


class Instruction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything a bank will be told about one payment. Its digest is what an approval signs; what
    is not there is left out of it, so that older approvals hold.

    Dates: execution on `requested_date`, rolled by `roll_rule`, never after `latest_date`.
    """

    end_to_end_id: str
    amount: Money
    creditor_name: str
    creditor_address: PostalAddress
    creditor_iban: str
    creditor_bic: str
    requested_date: date
    latest_date: date
    roll_rule: RollRule
    remittance: str
    creditor_reference: str
    creditor_account: str = ""

    @property
    def creditor_number(self) -> str:
        """What names the payee's account, whichever it is; "" for a cheque."""
        return self.creditor_iban or self.creditor_account


class Approvable(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of what an approver agrees to (lifecycle section 1: the approval digest)."""

    order_id: str
    instruction: Instruction
    route: Route
    payee_account_id: str
    payee_account_version: int
    policy_version: str

    def digest(self) -> str:
        return digest(self)


def payment_of(instruction: Instruction) -> Payment:
    """What a file must say about an approved instruction, no more and no less."""
    reference = instruction.creditor_reference
    return Payment(
        end_to_end_id=instruction.end_to_end_id,
        amount=instruction.amount,
        counterparty=Party(
            name=instruction.creditor_name, address=address_of(instruction.creditor_address)
        ),
        counterparty_account=account_of(instruction.creditor_iban, instruction.creditor_account),
        counterparty_agent=agent_of(instruction.creditor_bic, instruction.creditor_account),
        remittance=(instruction.remittance,) if instruction.remittance else (),
        creditor_reference=reference,
        creditor_reference_kind="SCOR" if reference else "",
    )


def batch_of(
    batch_id: str,
    own: Party,
    own_account: BankAccount,
    own_agent: Agent,
    day: date,
    route: Route,
    payments: Iterable[Payment],
    category_purpose: str = "",
) -> PaymentBatch:
    """Payments that share debit account, day, rail and charges, as a batch of a file."""
    service_level, local_instrument = _LEVELS.get(route.rail, ("", ""))
    return PaymentBatch(
        batch_id=batch_id,
        method=Method.TRANSFER,
        requested_date=day,
        own=own,
        own_account=own_account,
        own_agent=own_agent,
        service_level=service_level,
        local_instrument=local_instrument,
        category_purpose=category_purpose,
        charge_bearer=route.charge_bearer,
        payments=tuple(payments),
    )


# What a bank is told of the rail (ISO 20022 ExternalServiceLevel1Code, and the local instrument).
_LEVELS: Mapping[Rail, tuple[str, str]] = {
    Rail.SEPA_CREDIT_TRANSFER: ("SEPA", ""),
    Rail.SEPA_INSTANT: ("SEPA", "INST"),
    Rail.ACH_CCD: ("NURG", "CCD"),
    Rail.ACH_CTX: ("NURG", "CTX"),
    Rail.ACH_PPD: ("NURG", "PPD"),
    Rail.FEDWIRE: ("URGP", ""),
    Rail.RTP: ("URNS", "INST"),
    Rail.FEDNOW: ("URNS", "INST"),
    Rail.BACS: ("NURG", ""),
    Rail.FASTER_PAYMENTS: ("URNS", ""),
    Rail.CHAPS: ("URGP", ""),
}


def account_of(iban: str, local: str) -> BankAccount:
    """An account as files carry it, ours or the payee's; none for a cheque."""
    if iban or not local:
        return BankAccount(iban=iban)
    told = parts(local)
    return BankAccount(number=told.number, scheme="BBAN", kind=told.kind)


def agent_of(bic: str, local: str) -> Agent:
    """The bank of an account: by BIC, or by its number in its country's clearing."""
    told = parts(local) if local else None
    if told is None:
        return Agent(bic=bic)
    if told.scheme is Scheme.BIC:
        return Agent(bic=told.bank_code)
    return Agent(bic=bic, clearing_system=told.scheme, member_id=told.bank_code)


def address_of(address: PostalAddress) -> Address:
    return Address(
        street=address.street,
        building=address.building,
        post_code=address.post_code,
        town=address.town,
        country=address.country,
    )
