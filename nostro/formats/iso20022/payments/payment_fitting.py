"""Making a payment file writable, visibly: what a bank will see instead of what was told.

The writer refuses foreign letters and missing or repeated ids. Whoever prepares a file calls
`fitted` first and shows the changes to the one who approves.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nostro.domain.identifier import compact, is_creditor_reference
from nostro.domain.payment_file import (
    NOBODY,
    Address,
    Agent,
    BankAccount,
    Party,
    Payment,
    PaymentBatch,
    PaymentFile,
)
from nostro.formats import Change, Profile, options_of
from nostro.formats.iso20022.payments.payment_parts import NOT_PROVIDED
from nostro.formats.iso20022.payments.payment_texts import PaymentOptions
from nostro.formats.sepa_characters import transliterate

_ADDRESS = tuple(f for f in Address.__struct_fields__ if f not in ("country", "lines"))


def fit(file: PaymentFile, profile: Profile) -> tuple[PaymentFile, tuple[Change, ...]]:
    """`fitted` with the options of a profile; raises Invalid (`profile_option_wrong`)."""
    return fitted(file, options_of(profile, PaymentOptions))


def fitted(file: PaymentFile, options: PaymentOptions) -> tuple[PaymentFile, tuple[Change, ...]]:
    """The file as its bank takes it, and every change against what was told.

    Letters outside the SEPA set are transliterated in names, addresses and remittance (not with
    `characters` "utf8"); accounts, BICs and RF references lose their spaces; an absent end-to-end
    id becomes what `missing_id` says; a repeated one, also within the first `reference_length`
    characters, is replaced by one derived from it; `batch_booking` is set. Nothing is cut: what is
    too long stays so, and the writer says it. Fitting a file again changes nothing more.
    """
    fitting = _Fitting(file, options)
    where = f"message {file.message_id}"
    batches = tuple(fitting.batch(batch) for batch in file.batches)
    initiator = fitting.party(where, "initiator", file.initiator)
    made = msgspec.structs.replace(file, initiator=initiator, batches=batches)
    return made, tuple(fitting.changes)


class _Fitting:
    def __init__(self, file: PaymentFile, options: PaymentOptions) -> None:
        self.options = options
        self.changes: list[Change] = []
        self.length = options.reference_length
        # Ids that somebody has already, cut as the rail cuts them: a new one must be none of them.
        self.known = {
            payment.end_to_end_id[: self.length]
            for batch in file.batches
            for payment in batch.payments
        }
        self.used: set[str] = set()

    def told(self, where: str, field: str, before: str, after: str) -> str:
        if before != after:
            self.changes.append(Change(where=where, field=field, before=before, after=after))
        return after

    def text(self, where: str, field: str, text: str) -> str:
        if self.options.characters == "utf8" or not text:
            return text
        return self.told(where, field, text, transliterate(text))

    def batch(self, batch: PaymentBatch) -> PaymentBatch:
        where = f"batch {batch.batch_id}"
        wanted = self.options.batch_booking
        if wanted is not None and wanted is not batch.batch_booking:
            self.told(where, "batch booking", str(batch.batch_booking), str(wanted))
            batch = msgspec.structs.replace(batch, batch_booking=wanted)
        payments = tuple(
            self.payment(batch, number, payment)
            for number, payment in enumerate(batch.payments, start=1)
        )
        return msgspec.structs.replace(
            batch,
            own=self.party(where, "own", batch.own),
            own_account=self.account(where, "own account", batch.own_account),
            own_agent=self.agent(where, "own agent", batch.own_agent),
            ultimate_own=self.party(where, "ultimate own", batch.ultimate_own),
            charges_account=self.account(where, "charges account", batch.charges_account),
            payments=payments,
        )

    def payment(self, batch: PaymentBatch, number: int, payment: Payment) -> Payment:
        where = f"batch {batch.batch_id}, payment {number}"
        remittance = tuple(self.text(where, "remittance", text) for text in payment.remittance)
        documents = tuple(
            msgspec.structs.replace(
                document,
                number=self.text(where, "document", document.number),
                text=self.text(where, "document text", document.text),
            )
            for document in payment.documents
        )
        made: dict[str, Any] = {
            "end_to_end_id": self._id(where, batch.batch_id, number, payment.end_to_end_id),
            "remittance": remittance,
            "documents": documents,
            "creditor_reference": self._reference(where, payment.creditor_reference),
            "instructions_to_agent": tuple(
                self.text(where, "instruction to agent", t) for t in payment.instructions_to_agent
            ),
        }
        for name in ("counterparty", "ultimate_debtor", "ultimate_creditor"):
            made[name] = self.party(where, name.replace("_", " "), getattr(payment, name))
        for name in ("counterparty_agent", "intermediary"):
            made[name] = self.agent(where, name.replace("_", " "), getattr(payment, name))
        account = self.account(where, "counterparty account", payment.counterparty_account)
        return msgspec.structs.replace(payment, counterparty_account=account, **made)

    def _reference(self, where: str, text: str) -> str:
        bare = compact(text)
        return (
            self.told(where, "creditor reference", text, bare)
            if (bare != text and is_creditor_reference(bare))
            else text
        )

    def _id(self, where: str, batch_id: str, number: int, name: str) -> str:
        """The id itself where it can stay, else one derived from it or from its place."""
        if name == NOT_PROVIDED and self.options.missing_id != "derived":
            return name
        if name in ("", NOT_PROVIDED):
            if self.options.missing_id == "refused":
                return name
            if self.options.missing_id == "not_provided":
                return self.told(where, "end-to-end id", name, NOT_PROVIDED)
            made = self._free(f"{batch_id}-{number}")
            return self.told(where, "end-to-end id", name, made)
        if name[: self.length] not in self.used:
            self.used.add(name[: self.length])
            return name
        return self.told(where, "end-to-end id", name, self._free(name))

    def _free(self, wish: str) -> str:
        """The wish, or the wish with a number at its end, within what the rail keeps of it."""
        made, again = wish[: self.length], 1
        while made in self.known or made in self.used:
            again += 1
            made = f"{wish[: self.length - len(str(again)) - 1]}-{again}"
        self.used.add(made)
        return made

    def party(self, where: str, field: str, party: Party) -> Party:
        if party == NOBODY:
            return party
        return msgspec.structs.replace(
            party,
            name=self.text(where, f"{field} name", party.name),
            address=self.address(where, field, party.address),
        )

    def address(self, where: str, field: str, address: Address) -> Address:
        parts = {
            part: self.text(where, f"{field} {part.replace('_', ' ')}", getattr(address, part))
            for part in _ADDRESS
        }
        lines = tuple(self.text(where, f"{field} line", line) for line in address.lines)
        return msgspec.structs.replace(address, lines=lines, **parts)

    def account(self, where: str, field: str, account: BankAccount) -> BankAccount:
        return msgspec.structs.replace(
            account,
            iban=self._compact(where, f"{field} IBAN", account.iban),
            name=self.text(where, f"{field} name", account.name),
        )

    def agent(self, where: str, field: str, agent: Agent) -> Agent:
        made = msgspec.structs.replace(
            agent,
            bic=self._compact(where, f"{field} BIC", agent.bic),
            name=self.text(where, f"{field} name", agent.name),
            address=self.address(where, field, agent.address),
        )
        return agent if made == agent else made

    def _compact(self, where: str, field: str, code: str) -> str:
        return self.told(where, field, code, compact(code))
