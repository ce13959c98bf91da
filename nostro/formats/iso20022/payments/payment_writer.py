"""Payment files as we write them: what leaves is exactly what was approved, or nothing leaves.

ISO 20022 pain.001 and pain.008. Strings are built directly, each payment on a line of its own, and
the result is checked against the official schema of its version before anybody gets it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import msgspec

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.payment_file import (
    NO_ACCOUNT,
    NO_AGENT,
    NOBODY,
    Agent,
    BankAccount,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.domain.policies import limits
from nostro.formats import Profile, options_of
from nostro.formats.iso20022.control_sum import plain_sum
from nostro.formats.iso20022.payments import payment_rules as rules
from nostro.formats.iso20022.payments.payment_documents import parts_of
from nostro.formats.iso20022.payments.payment_edition import Edition, validate_batch
from nostro.formats.iso20022.payments.payment_parts import (
    CLEARING_CODE,
    CODE,
    NOT_PROVIDED,
    REFERENCE_CODES,
    issuer_of,
)
from nostro.formats.iso20022.payments.payment_texts import (
    NOT_WRITTEN,
    PaymentOptions,
    Texts,
    amount_of,
    bic_of,
    choice,
    iban_of,
    reference,
    refuse,
)
from nostro.formats.iso20022.validation.schema_order import graft

_UNKNOWN_BANK = f"<FinInstnId><Othr><Id>{NOT_PROVIDED}</Id></Othr></FinInstnId>"

Codes = tuple[tuple[str, str], ...]


class Writing:
    """The writing of one file: its options, its edition, and the pieces that payments share."""

    def __init__(self, options: PaymentOptions, edition: Edition) -> None:
        self.edition = edition
        self.bic_demanded = options.bic_demanded
        self.texts = Texts(
            options,
            new_address=edition.new_address,
            long_address=edition.long_address,
            version=edition.version,
        )
        self._agents: dict[Agent, str] = {}

    # --- Parts ---------------------------------------------------------------------------------

    def party(self, tag: str, party: Party, limit: int, what: str, where: str) -> str:
        """A mandatory party: with a name; outside SEPA a number of its own will do."""
        if not party.name and party.identifier and limit > limits.SEPA_NAME_MAX:
            return self.maybe(tag, party, limit, what, where)
        name = self.texts.text(party.name, limit, f"the name of {what}", where)
        address = self.texts.address(party.address, what, where)
        more = self._more(party, what, where) if party.identifier or party.scheme else ""
        if party.residence:
            more += f"<CtryOfRes>{self.texts.text(party.residence, 16, what, where)}</CtryOfRes>"
        return f"<{tag}><Nm>{name}</Nm>{address}{more}</{tag}>"

    def maybe(self, tag: str, party: Party, limit: int, what: str, where: str) -> str:
        """A party that may be absent, or known by its number alone."""
        if party == NOBODY:
            return ""
        if party.name:
            return self.party(tag, party, limit, what, where)
        address = self.texts.address(party.address, what, where)
        more = self._more(party, what, where)
        if party.residence:
            more += f"<CtryOfRes>{self.texts.text(party.residence, 16, what, where)}</CtryOfRes>"
        return f"<{tag}>{address}{more}</{tag}>"

    def _more(self, party: Party, what: str, where: str) -> str:
        rules.check_party(party, what, where)
        if not party.identifier:
            return ""
        number = self.texts.text(party.identifier, 35, f"the number of {what}", where)
        edition = self.edition
        if party.scheme == "LEI" and edition.lei:
            inside = f"<OrgId><LEI>{number}</LEI></OrgId>"
        elif party.scheme == "BIC":
            tag = edition.any_bic
            inside = f"<OrgId><{tag}>{bic_of(number, where)}</{tag}></OrgId>"
        else:
            kind = "PrvtId" if party.is_person else "OrgId"
            scheme = choice("SchmeNm", party.scheme, CODE.match, self._word(what, where))
            inside = f"<{kind}><Othr><Id>{number}</Id>{scheme}</Othr></{kind}>"
        return f"<Id>{inside}</Id>"

    def _word(self, what: str, where: str) -> Callable[[str], str]:
        return lambda text: self.texts.text(text, 35, f"a code of {what}", where)

    def account(self, tag: str, account: BankAccount, what: str, where: str) -> str:
        if account.iban and not account.number:
            inside = f"<Id><IBAN>{iban_of(account.iban, where)}</IBAN></Id>"
        elif account.number and not account.iban:
            number = self.texts.text(account.number, 34, f"the account of {what}", where)
            scheme = choice("SchmeNm", account.scheme, CODE.match, self._word(what, where))
            inside = f"<Id><Othr><Id>{number}</Id>{scheme}</Othr></Id>"
        elif account == NO_ACCOUNT:
            return ""
        else:
            happened = f"The account of {what} needs an IBAN or another number, and only one."
            raise refuse("account_missing", happened, "Correct the account.", where)
        if account.scheme and account.iban:
            happened = f"The account of {what} has an IBAN and yet a scheme ({account.scheme})."
            raise refuse("account_missing", happened, "Correct the account.", where)
        if account.kind or account.currency or account.name:
            text = self.texts
            inside += choice("Tp", account.kind, CODE.match, self._word(what, where))
            inside += text.maybe("Ccy", account.currency, 16, f"the currency of {what}", where)
            inside += text.maybe("Nm", account.name, 70, f"the account name of {what}", where)
        return f"<{tag}>{inside}</{tag}>"

    def agent(self, agent: Agent, where: str) -> str:
        """The inside of a bank's element; files name few banks, so each is written once."""
        made = self._agents.get(agent)
        if made is None:
            made = self._agents[agent] = self._agent(agent, where)
        return made

    def _agent(self, agent: Agent, where: str) -> str:
        if agent == NO_AGENT:
            return _UNKNOWN_BANK
        text, what, tag = self.texts, "the bank", self.edition.bic
        inside = f"<{tag}>{bic_of(agent.bic, where)}</{tag}>" if agent.bic else ""
        if agent.member_id:
            member = text.text(agent.member_id, 35, "the clearing number", where)
            system = choice(
                "ClrSysId", agent.clearing_system, CLEARING_CODE.match, self._word(what, where)
            )
            inside += f"<ClrSysMmbId>{system}<MmbId>{member}</MmbId></ClrSysMmbId>"
        elif agent.clearing_system:
            happened = f"The bank has a clearing system ({agent.clearing_system}) but no number."
            raise refuse("text_missing", happened, "Fill in the number.", where)
        inside += text.maybe("Nm", agent.name, 140, "the name of the bank", where)
        inside += text.address(agent.address, what, where)
        branch = text.maybe("Id", agent.branch, 35, "the branch", where)
        branch = f"<BrnchId>{branch}</BrnchId>" if branch else ""
        return f"<FinInstnId>{inside}</FinInstnId>{branch}"

    def type_of(self, told: Payment | PaymentBatch, where: str) -> str:
        """PmtTpInf: what kind of payment this is, as far as it says."""
        word = self._word("the kind of payment", where)
        inside = self.texts.maybe("InstrPrty", told.priority, 16, "the priority", where)
        inside += choice("SvcLvl", told.service_level, CODE.match, word)
        if told.local_instrument:
            inside += f"<LclInstrm><Cd>{word(told.local_instrument)}</Cd></LclInstrm>"
        inside += self.texts.maybe("SeqTp", told.sequence_type, 16, "the sequence type", where)
        inside += choice("CtgyPurp", told.category_purpose, CODE.match, word)
        return f"<PmtTpInf>{inside}</PmtTpInf>" if inside else ""

    # --- What transfers and direct debits share ---------------------------------------------------

    def ids(self, payment: Payment, where: str) -> str:
        own = payment.instruction_id
        first = f"<InstrId>{reference(own, 'the instruction id', where)}</InstrId>" if own else ""
        last = f"<UETR>{self._uetr(payment.uetr, where)}</UETR>" if payment.uetr else ""
        name = reference(payment.end_to_end_id, "the end-to-end id", where)
        return f"<PmtId>{first}<EndToEndId>{name}</EndToEndId>{last}</PmtId>"

    def _uetr(self, text: str, where: str) -> str:
        if not self.edition.uetr:
            happened = f"{self.edition.version} has no place for a UETR."
            raise refuse("not_in_version", happened, "Choose a newer version.", where, "uetr")
        rules.check_uetr(text, where)
        return text

    def counterparty_agent(self, payment: Payment, where: str) -> str:
        agent = payment.counterparty_agent
        if self.bic_demanded and not (agent.bic or agent.member_id):
            happened = "The bank's profile demands the other side's bank (BIC)."
            raise refuse("bic_missing", happened, "Fill in the BIC.", where)
        return self.agent(agent, where)

    def tail(self, payment: Payment, where: str) -> str:
        """From the instructions to the other bank to the end; mostly remittance only."""
        made = ""
        if payment.instructions_to_agent:
            made += "".join(self._to_agent(t, where) for t in payment.instructions_to_agent)
        if payment.purpose:
            made += choice("Purp", payment.purpose, CODE.match, self._word("the purpose", where))
        if payment.regulatory:
            inside = "".join(
                f"<Inf>{self.texts.text(text, 35, 'the regulatory report', where)}</Inf>"
                for text in payment.regulatory
            )
            made += f"<RgltryRptg><Dtls>{inside}</Dtls></RgltryRptg>"
        return made + self._remittance(payment, where)

    def _to_agent(self, told: str, where: str) -> str:
        code, _, text = told.partition("/")
        if not self.edition.coded_instructions:
            if code:
                happened = f"A direct debit has no coded instructions ({code[:10]})."
                raise refuse("not_in_message", happened, "Give the text alone.", where)
            return self.texts.maybe("InstrForCdtrAgt", text, 140, "an instruction", where)
        inside = self.texts.maybe("Cd", code, 16, "an instruction to the bank", where)
        inside += self.texts.maybe("InstrInf", text, 140, "an instruction to the bank", where)
        return f"<InstrForCdtrAgt>{inside}</InstrForCdtrAgt>"

    def _remittance(self, payment: Payment, where: str) -> str:
        made = ""
        for text in payment.remittance:
            made += f"<Ustrd>{self.texts.text(text, 140, 'the remittance', where)}</Ustrd>"
        if payment.creditor_reference or payment.documents:
            made += self._structured(payment, where)
        return f"<RmtInf>{made}</RmtInf>" if made else ""

    def _structured(self, payment: Payment, where: str) -> str:
        ref = self._reference(payment, where) if payment.creditor_reference else ""
        if not payment.documents:
            return f"<Strd>{ref}</Strd>"
        made = []
        for document in payment.documents:
            before, after = parts_of(document, self.texts, self.edition.documents, where)
            made.append(f"<Strd>{before}{ref}{after}</Strd>")
            ref = ""  # It belongs to the first.
        return "".join(made)

    def _reference(self, payment: Payment, where: str) -> str:
        text, kind = payment.creditor_reference, payment.creditor_reference_kind
        inside = ""
        if kind:
            word = self._word("the creditor reference", where)
            issuer = issuer_of(text, kind)
            issuer = f"<Issr>{issuer}</Issr>" if issuer else ""
            named = choice("CdOrPrtry", kind, REFERENCE_CODES.__contains__, word)
            inside = f"<Tp>{named}{issuer}</Tp>"
        text = self.texts.text(text, 35, "the creditor reference", where)
        return f"<CdtrRefInf>{inside}<Ref>{text}</Ref></CdtrRefInf>"

    def amount(self, money: Money, where: str) -> str:
        return f'<InstdAmt Ccy="{money.currency}">{amount_of(money, where)}</InstdAmt>'

    def bearer(self, bearer: str, where: str) -> str:
        return self.texts.maybe("ChrgBr", bearer, 16, "the charge bearer", where)

    # --- The file ------------------------------------------------------------------------------

    def header(self, file: PaymentFile, amounts: list[Money]) -> str:
        where = f"message {file.message_id}"
        initiator = self.maybe("InitgPty", file.initiator, 140, "the initiator", where)
        agent = file.forwarding_agent
        forwarding = f"<FwdgAgt>{self.agent(agent, where)}</FwdgAgt>" if agent != NO_AGENT else ""
        made = (
            f"<GrpHdr><MsgId>{reference(file.message_id, 'the message id', where)}</MsgId>"
            f"<CreDtTm>{_created(file.created_at, where)}</CreDtTm>"
            f"<NbOfTxs>{len(amounts)}</NbOfTxs><CtrlSum>{plain_sum(amounts)}</CtrlSum>"
            f"{initiator or '<InitgPty/>'}{forwarding}</GrpHdr>"
        )
        return self.grafted(made, "GrpHdr", file.codes, where)

    def batch_head(self, batch: PaymentBatch, dated: str, own: str, middle: str) -> str:
        """PmtInf up to its payments; `middle` is what stands between own account and charges."""
        where = f"batch {batch.batch_id}"
        amounts = [payment.equivalent or payment.amount for payment in batch.payments]
        booking = batch.batch_booking
        booked = "" if booking is None else f"<BtchBookg>{str(booking).lower()}</BtchBookg>"
        if batch.own_account == NO_ACCOUNT:
            happened = "The batch does not name our account."
            raise refuse("account_missing", happened, "Name the account.", where)
        charges = self.account("ChrgsAcct", batch.charges_account, "the charges", where)
        limit = self.name_limit(batch.service_level == rules.SEPA)
        ultimate = self.maybe(
            f"Ultmt{own}", batch.ultimate_own, limit, "the ultimate account owner", where
        )
        made = (
            f"<PmtInf><PmtInfId>{reference(batch.batch_id, 'the batch id', where)}</PmtInfId>"
            f"<PmtMtd>{batch.method}</PmtMtd>{booked}<NbOfTxs>{len(amounts)}</NbOfTxs>"
            f"<CtrlSum>{plain_sum(amounts)}</CtrlSum>{self.type_of(batch, where)}{dated}"
            f"{self.party(own, batch.own, limit, 'our side', where)}"
            f"{self.account(f'{own}Acct', batch.own_account, 'our side', where)}"
            f"<{own}Agt>{self.agent(batch.own_agent, where)}</{own}Agt>"
            f"{ultimate}{self.bearer(batch.charge_bearer, where)}{charges}{middle}</PmtInf>"
        )
        return self.grafted(made, "PmtInf", batch.codes, where).removesuffix("</PmtInf>") + "\n"

    def name_limit(self, sepa: bool) -> int:
        return limits.SEPA_NAME_MAX if sepa else limits.NAME_MAX

    def grafted(self, made: str, path: str, codes: Codes, where: str) -> str:
        """The element with the codes put in; almost always there are none."""
        if not codes:
            return made
        try:
            return graft(made, path, codes, self.edition.order)
        except Invalid as wrong:
            raise refuse(wrong.code, wrong.happened, wrong.can_do, where, wrong.field) from None


def _created(text: str, where: str) -> str:
    try:
        datetime.fromisoformat(text)
        if len(text) >= 19 and text[10] == "T":
            return text
    except ValueError:
        pass
    happened = f"The creation time {text[:40]!r} is not like 2026-11-19T08:30:00."
    raise refuse("invalid_created_at", happened, "Give date and time in ISO 8601.", where)


class Writer(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between the two messages when they are written."""

    message: str
    batch: str
    own: str
    versions: tuple[str, ...]
    check: Callable[[PaymentFile, PaymentOptions], None]
    head: Callable[[Writing, PaymentBatch], str]
    payment: Callable[[Writing, PaymentBatch], Callable[[Payment], str]]


def write(file: PaymentFile, profile: Profile, writer: Writer) -> bytes:
    """The bytes of one payment file, see `pain_001.write` and `pain_008.write`."""
    options = options_of(profile, PaymentOptions)
    known = file.version if file.version in writer.versions else ""
    version = options.version or known or writer.versions[0]
    if version not in writer.versions:
        raise Invalid(
            "unknown_version",
            f"We do not write {version[:40]!r}.",
            NOT_WRITTEN,
            f"Choose one of {', '.join(writer.versions)} in the bank's profile.",
        )
    edition = Edition(version, writer.message, writer.batch, writer.own)
    writing = Writing(options, edition)
    writer.check(file, options)
    amounts = [payment.equivalent or payment.amount for b in file.batches for payment in b.payments]
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><{writer.message}>'
        f"{writing.header(file, amounts)}\n"
    )
    tail = f"</{writer.message}></Document>\n"
    pieces = [head]
    for batch in file.batches:
        made = [writer.head(writing, batch), *map(writer.payment(writing, batch), batch.payments)]
        validate_batch(made, head, tail, batch, edition.order)
        pieces += made
        pieces.append("</PmtInf>\n")
    pieces.append(tail)
    return "".join(pieces).encode()
