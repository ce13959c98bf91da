"""What a bank will be told of one payment, and where that differs from its source's own words."""

from __future__ import annotations

from datetime import date, timedelta

import msgspec

from nostro.domain.party import PostalAddress
from nostro.domain.payment import Instruction, PaymentRequest, Rail, RollRule
from nostro.domain.policies import checks, limits
from nostro.domain.rail import TERMS
from nostro.formats import sepa_characters
from nostro.storage import orders

NOT_PROVIDED = "NOTPROVIDED"  # ISO 20022: there is no EndToEndId.
LATEST_AFTER = timedelta(days=10)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What an instruction hangs on besides the payment itself. `taken_end_to_end_ids` are those
    that others have; `past` payments were made before nostro came."""

    customer_code: str
    rail: Rail
    taken_end_to_end_ids: set[str]
    today: date
    past: bool


class Rewriting:
    """What is told to the bank in other words than the source's, kept visible to approvers."""

    def __init__(self) -> None:
        self.changes: list[dict[str, str]] = []

    def told(self, field: str, before: str, after: str) -> str:
        if before and before != after:
            self.changes.append({"field": field, "from": before, "to": after})
        return after

    def plain(self, field: str, text: str) -> str:
        return self.told(field, text, sepa_characters.transliterate(text))


def instruct(
    request: PaymentRequest, number: str, given: Given
) -> tuple[Instruction, list[dict[str, str]]]:
    """What the bank will be told, and every visible change against what the source said."""
    rewriting = Rewriting()
    end_to_end_id = request.end_to_end_id
    if end_to_end_id in {"", NOT_PROVIDED} | given.taken_end_to_end_ids:
        ours = _free_end_to_end_id(given, number)
        end_to_end_id = rewriting.told("end_to_end_id", end_to_end_id, ours)
    address = sepa_characters.plain_address(request.payee_address)
    rewriting.told("payee address", _one_line(request.payee_address), _one_line(address))
    requested = _pay_on(given, request, rewriting)
    instruction = Instruction(
        end_to_end_id=end_to_end_id,
        amount=request.amount,
        creditor_name=_name(request, given, rewriting),
        creditor_address=address,
        creditor_iban=request.creditor_iban,
        creditor_account=request.creditor_account,
        creditor_bic=request.creditor_bic,
        requested_date=requested,
        latest_date=requested + LATEST_AFTER,
        roll_rule=RollRule.NEXT_BANK_DAY,
        remittance=_remittance(request, given, rewriting),
        creditor_reference=request.creditor_reference,
    )
    return instruction, rewriting.changes


def _name(request: PaymentRequest, given: Given, rewriting: Rewriting) -> str:
    """The payee's name in plain letters, shortened where the rail has hardly room for one."""
    terms, plain = TERMS[given.rail], sepa_characters.transliterate(request.payee_name)
    if terms.shortens_names and not given.past:
        plain = limits.shortened_name(plain, terms.name_max)
    return rewriting.told("payee name", request.payee_name, plain)


def _remittance(request: PaymentRequest, given: Given, rewriting: Rewriting) -> str:
    """The source's own text, or its invoice numbers: all, or whole ones and how many more."""
    if request.creditor_reference:
        return ""
    if request.remittance:
        return rewriting.plain("remittance", request.remittance)
    plain = [sepa_characters.transliterate(invoice) for invoice in request.invoices]
    text = limits.shortened(plain, TERMS[given.rail].remittance_max)
    return rewriting.told("remittance", ", ".join(request.invoices), text)


def _pay_on(given: Given, request: PaymentRequest, rewriting: Rewriting) -> date:
    """The day asked for; one that is over becomes today, visibly."""
    wanted = request.requested_date
    if given.past or wanted >= given.today:
        return wanted
    rewriting.told("requested date", checks.day(wanted), checks.day(given.today))
    return given.today


def _our_end_to_end_id(code: str, number: str) -> str:
    return f"{code[:20]}-{number}"


def _free_end_to_end_id(given: Given, number: str) -> str:
    """Ours, or the next one that nobody has taken: a source may have used the same words."""
    first = ours = _our_end_to_end_id(given.customer_code, number)
    again = 1
    while ours in given.taken_end_to_end_ids or (again > 1 and orders.known_end_to_end_ids({ours})):
        again += 1
        ours = f"{first}-{again}"
    return ours


def _one_line(address: PostalAddress) -> str:
    return ", ".join(part for part in msgspec.structs.astuple(address) if part)
