"""A company and its real bank: what people, the worker and the bank do, in the order of a story."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from nostro.storage import evidence, models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch
from tests.end_to_end.partners import ACCOUNT, Counterpart
from tests.workflows.company import Company


class Story:
    """Payments to payees, approved by two people, sent by the worker, answered by the bank."""

    def __init__(self, bank: Counterpart) -> None:
        self.company = Company()
        self.bank = bank
        bank.keeps_account_of(self.company)

    # What people do.

    def pay(self, *payees: str, prefix: str = "P") -> list[UUID]:
        """One payment to each, 100.01 EUR and upwards, asked for and approved by two people."""
        company = self.company
        told = [
            company.request(f"{prefix}{n}", 100_00 + n, payee=payee)
            for n, payee in enumerate(payees, start=1)
        ]
        ids = company.ask(*told)
        company.approve(ids)
        return ids

    # What the worker does.

    def release(self) -> UUID:
        (submission_id,) = self.company.release()
        return submission_id

    def attend(self, submission_id: UUID) -> str | None:
        return dispatch.attend(self.company.job, submission_id)

    def send(self) -> UUID:
        """Everything approved, in one file, handed over."""
        submission_id = self.release()
        assert self.attend(submission_id) == "delivered"
        return submission_id

    def hear(self) -> list[str]:
        """Let the bank work, collect, and understand everything that came; what it was."""
        self.bank.carry()
        answers.collect(self.company.job, self.company.bank_id)
        return self.understand()

    def understand(self) -> list[str]:
        with tenant(self.company.tenant_id):
            due = models.BankMessage.objects.filter(next_action_at__isnull=False)
            kept = list(due.order_by("id").values_list("connection_id", "evidence_id"))
        return [answers.understand(self.company.job, *one) for one in kept]

    def end_days(self, count: int = 1) -> list[str]:
        self.bank.end_days(count)
        return self.hear()

    # What is true then.

    def keys(self, ids: Sequence[UUID]) -> list[str]:
        return [row.instruction.end_to_end_id for row in self.company.orders(list(ids))]

    def amounts(self, ids: Sequence[UUID]) -> list[int]:
        return [row.instruction.amount.minor for row in self.company.orders(list(ids))]

    def states(self, ids: list[UUID]) -> list[str]:
        return [state.value for state in self.company.states(ids)]

    def frozen(self, submission_id: UUID) -> bytes:
        """The very bytes of the file, before it was sealed."""
        return self._kept(self.company.submission(submission_id).evidence_id)

    def duplicate_was_told(self, submission_id: UUID) -> bool:
        """Did a status report say of our file that it is a duplicate?"""
        named = self.company.submission(submission_id).message_id.encode()
        with tenant(self.company.tenant_id):
            rows = models.Evidence.objects.filter(direction="in")
            kept = [evidence.read(row.id) for row in rows]
        told = [one for one in kept if b"pain.002" in one and named in one]
        return any(b"<Cd>DUPL</Cd>" in one or b"<Cd>AM05</Cd>" in one for one in told)

    def sealed(self, submission_id: UUID) -> bytes:
        kept = self.company.submission(submission_id).sealed_evidence_id
        assert kept, "the sealed bytes are kept too"
        return self._kept(kept)

    def _kept(self, evidence_id: UUID) -> bytes:
        with tenant(self.company.tenant_id):
            return evidence.read(evidence_id)

    def cases(self, *, kind: str = "") -> list[models.Case]:
        with tenant(self.company.tenant_id):
            rows = models.Case.objects.order_by("opened_at", "id")
            return list(rows.filter(kind=kind) if kind else rows)

    def kinds(self) -> list[str]:
        return sorted(case.kind for case in self.cases())

    def verdicts(self) -> list[str]:
        """Of the statements that have lines, oldest first."""
        with tenant(self.company.tenant_id):
            rows = models.Statement.objects.filter(entry_count__gt=0).order_by("id")
            return list(rows.values_list("verdict", flat=True))

    def stated(self) -> dict[str, int]:
        """What all statements book, by end-to-end id, summed; money out is negative."""
        sums: dict[str, int] = {}
        with tenant(self.company.tenant_id):
            for row in models.BankTransaction.objects.all():
                key = row.end_to_end_id
                sums[key] = sums.get(key, 0) + row.amount_minor
        return sums

    def lines(self) -> list[tuple[str, int, str]]:
        with tenant(self.company.tenant_id):
            rows = models.BankTransaction.objects.order_by("end_to_end_id", "amount_minor")
            return list(rows.values_list("end_to_end_id", "amount_minor", "match_state"))

    def journals(self) -> list[tuple[str, UUID | None]]:
        with tenant(self.company.tenant_id):
            rows = models.JournalEvent.objects.order_by("event", "reference")
            return list(rows.values_list("event", "order_id"))

    def closing(self) -> int | None:
        """The balance that the last statement ends with, in minor units."""
        account = self.company.accounts[ACCOUNT]
        with tenant(self.company.tenant_id):
            rows = models.Statement.objects.filter(account__iban=account).order_by("id")
            last = rows.last()
            return last.closing_minor if last else None
