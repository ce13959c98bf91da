"""The typical transfer, written in one stroke: an IBAN, a name, an address, a line of text.

Nine of ten payments are nothing else. One pattern asks of all their texts together what
`payment_texts` asks of each; whatever does not fit it goes the long way and is judged there. Both
ways write the same bytes (a test compares them).
"""

from __future__ import annotations

import re

from msgspec.structs import astuple, fields

from nostro.domain.identifier import is_iban
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_ADDRESS,
    NO_AGENT,
    Address,
    Agent,
    BankAccount,
    Party,
    Payment,
    PaymentBatch,
)
from nostro.domain.policies import limits
from nostro.formats.iso20022.payments.payment_rules import SEPA
from nostro.formats.iso20022.payments.payment_texts import CURRENCIES_OF_TWO, LETTERS, REFERENCE

_TOLD = ("end_to_end_id", "amount", "counterparty", "counterparty_account",
         "counterparty_agent", "remittance", "location")  # fmt: skip
_NAMES = Payment.__struct_fields__
_SILENT = tuple(at for at, name in enumerate(_NAMES) if name not in _TOLD)
_DEFAULT_OF = {field.name: field.default for field in fields(Payment)}
_SILENCE = [_DEFAULT_OF[_NAMES[at]] for at in _SILENT]
_NOTHING_MORE = astuple(Party())[2:]
_IBAN_ALONE = astuple(BankAccount())[1:]
_BIC_ALONE = astuple(NO_AGENT)[1:]
_NOWHERE = ("\n\n\n\n", "")
_PARTS = ("street", "building", "post_code", "town", "country")
_OTHER_PARTS = tuple(at for at, name in enumerate(Address.__struct_fields__) if name not in _PARTS)
_NO_OTHER = [getattr(NO_ADDRESS, name) for name in Address.__struct_fields__ if name not in _PARTS]


def _text(limit: int) -> str:
    return rf"(?! )[{LETTERS}]{{1,{limit}}}(?<! )"


def _pattern(name: int) -> re.Pattern[str]:
    parts = rf"(?:{_text(70)})?\n(?:{_text(16)})?\n(?:{_text(16)})?\n{_text(35)}\n[A-Z]{{2}}"
    return re.compile(rf"{REFERENCE}\n{_text(name)}\n(?:{parts}|\n\n\n\n)\n(?:{_text(140)})?\Z")


_SEPA_TEXTS = _pattern(limits.SEPA_NAME_MAX).match
_OTHER_TEXTS = _pattern(limits.NAME_MAX).match


class Shortcut:
    """For the payments of one batch: `written` gives the XML of a typical one, else None."""

    def __init__(self, batch: PaymentBatch, bic_tag: str, *, bic_demanded: bool) -> None:
        self.sepa = batch.service_level == SEPA
        bearers = ("", "SLEV") if self.sepa else ("", "SHAR", "DEBT", "CRED")
        self.open = batch.charge_bearer in bearers
        self.texts = _SEPA_TEXTS if self.sepa else _OTHER_TEXTS
        self.bic_tag = bic_tag
        self.bic_demanded = bic_demanded
        self.banks: dict[str, str] = {}

    def learn(self, payment: Payment) -> None:
        """Remember the bank of a payment that went the long way: its BIC has been checked."""
        agent = payment.counterparty_agent
        if agent.bic and astuple(agent)[1:] == _BIC_ALONE:
            inside = f"<FinInstnId><{self.bic_tag}>{agent.bic}</{self.bic_tag}></FinInstnId>"
            self.banks[agent.bic] = f"<CdtrAgt>{inside}</CdtrAgt>"

    def written(self, payment: Payment) -> str | None:
        told = astuple(payment)
        if not self.open or [told[at] for at in _SILENT] != _SILENCE:
            return None
        bank = self._bank(payment.counterparty_agent)
        amount = self._amount(payment.amount)
        party = payment.counterparty
        place = _place(party.address)
        if bank is None or amount is None or place is None or len(payment.remittance) > 1:
            return None
        if astuple(party)[2:] != _NOTHING_MORE:
            return None
        account = payment.counterparty_account
        if not _plain(account):
            return None
        number, name, iban = payment.end_to_end_id, party.name, account.iban
        text = payment.remittance[0] if payment.remittance else ""
        # A line end inside a text would make one line more than the pattern has.
        if not self.texts(f"{number}\n{name}\n{place[0]}\n{text}") or not is_iban(iban):
            return None
        return (
            f"<CdtTrfTxInf><PmtId><EndToEndId>{number}</EndToEndId></PmtId><Amt>{amount}</Amt>"
            f"{bank}<Cdtr><Nm>{name}</Nm>{place[1]}</Cdtr>"
            f"<CdtrAcct><Id><IBAN>{iban}</IBAN></Id></CdtrAcct>"
            f"{f'<RmtInf><Ustrd>{text}</Ustrd></RmtInf>' if text else ''}</CdtTrfTxInf>\n"
        )

    def _bank(self, agent: Agent) -> str | None:
        if agent is NO_AGENT:
            return None if self.bic_demanded else ""
        # The same BIC with more around it is written differently.
        return None if astuple(agent)[1:] != _BIC_ALONE else self.banks.get(agent.bic)

    def _amount(self, amount: Money) -> str | None:
        currency, minor = amount.currency, amount.minor
        if currency not in CURRENCIES_OF_TWO or minor <= 0:
            return None
        if self.sepa and (currency != "EUR" or minor > limits.SEPA_MAX_MINOR):
            return None
        return f'<InstdAmt Ccy="{currency}">{minor // 100}.{minor % 100:02d}</InstdAmt>'


def _plain(account: BankAccount) -> bool:
    """An IBAN alone, and of no country with rules of its own (QR-IBAN)."""
    told = astuple(account)
    return told[1:] == _IBAN_ALONE and told[0][:2] not in ("CH", "LI")


def _place(address: Address) -> tuple[str, str] | None:
    """The usual parts of an address as lines, and as XML."""
    if address is NO_ADDRESS:
        return _NOWHERE
    parts = astuple(address)
    if [parts[at] for at in _OTHER_PARTS] != _NO_OTHER:
        return None
    street, building, post_code = address.street, address.building, address.post_code
    town, country = address.town, address.country
    if not country:
        return None
    return (
        f"{street}\n{building}\n{post_code}\n{town}\n{country}",
        f"<PstlAdr>{f'<StrtNm>{street}</StrtNm>' if street else ''}"
        f"{f'<BldgNb>{building}</BldgNb>' if building else ''}"
        f"{f'<PstCd>{post_code}</PstCd>' if post_code else ''}"
        f"<TwnNm>{town}</TwnNm><Ctry>{country}</Ctry></PstlAdr>",
    )
