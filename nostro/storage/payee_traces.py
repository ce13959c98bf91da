"""Where the rows of one customer speak of a payee: found by reference, and by account number.

By reference: the payee, its accounts and payments, and everything that points at these. By value:
whatever else names an account of his that is nobody else's. A name alone points at nobody. A payee
may be kept as such, or known only from payments that name his number, or nothing but his account.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_plus
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast

from nostro.storage import models, retention
from nostro.storage.models.tenant import TenantModel
from nostro.storage.texts import ERASED, mentions

ERASURE: Final = "payee_erasure"  # The request for it: it names nobody, and explains what was done.
BY_ACCOUNT: Final = "iban:"  # Before the account, where payments name no number of the payee.


class PayeeTraces(msgspec.Struct, frozen=True, kw_only=True):
    """What is held about a payee. `ibans` are his alone, `shared` also somebody else's here.

    `payee_id` is that of his oldest payment when he is known only from payments (not `kept`).
    `rows` are ids by table, `evidence` the files in which he occurs, `requests` the keys of
    answered API requests that name him, `views` saved searches that do.
    """

    payee_id: UUID
    kept: bool
    number: str
    name: str
    ibans: frozenset[str]
    shared: frozenset[str]
    rows: dict[str, frozenset[UUID]]
    evidence: frozenset[UUID]
    requests: tuple[str, ...]
    views: tuple[UUID, ...]

    def is_about(self, value: dict[str, Any]) -> bool:
        return is_about(value, self.number, self.ibans)

    def concerns(self, value: Any) -> bool:
        return concerns(value, self.number, self.ibans)

    def of(self, model: type[TenantModel]) -> frozenset[UUID]:
        return self.rows.get(model._meta.db_table, frozenset())

    @property
    def lasting_number(self) -> str:
        """The number that stays when he is erased; "" when payments name him by his account."""
        return "" if self.number.startswith(BY_ACCOUNT) else self.number

    @property
    def needles(self) -> tuple[str, ...]:
        """The words by which a list's line is known to be about him."""
        return tuple(sorted({self.name, *self.ibans, *self.shared} - {"", ERASED}))


def payee_traces(payee_id: UUID) -> PayeeTraces | None:
    """Everything that is held about a payee of the current customer, by the id that
    PayeeTraces has; None when there is none."""
    kept = models.Payee.objects.filter(id=payee_id).values_list("number", flat=True).first()
    paid = models.Order.objects.filter(id=payee_id).values_list("payee_number", flat=True)
    number = kept or paid.first()
    return _traces(number) if number else None


def traces_of(number: str) -> PayeeTraces | None:
    """The same by the payee's number as payments name it, or by `iban:` and his account.

    An account that payments give with one number, or that one payee is kept with, is his.
    """
    if not number.lower().startswith(BY_ACCOUNT):
        return _traces(number)
    iban = "".join(number[len(BY_ACCOUNT) :].split()).upper()
    paid = models.Order.objects.filter(creditor_iban=iban).exclude(payee_number=BY_ACCOUNT + iban)
    kept = models.PayeeAccount.objects.filter(iban=iban)
    owners = {
        *paid.values_list("payee_number", flat=True).distinct(),
        *kept.values_list("payee__number", flat=True).distinct(),
    }
    return _traces(owners.pop() if len(owners) == 1 else BY_ACCOUNT + iban)


def _traces(number: str) -> PayeeTraces | None:
    payee = models.Payee.objects.filter(number=number).values_list("id", "name").first()
    found = payee or _paid(number)
    if found is None:
        return None
    payee_id, name = found
    held = models.PayeeAccount.objects.filter(payee_id=payee_id)
    named = models.Order.objects.filter(payee_number=number)
    ibans = {
        *(number for row in held.values_list("iban", "local_account") for number in row),
        *(one for row in named.values_list("creditor_iban", "creditor_account") for one in row),
    } - {"", ERASED}
    shared = _shared(ibans, payee_id, number)
    rows = _by_reference(payee_id, number, ibans - shared)
    return PayeeTraces(
        payee_id=payee_id,
        kept=payee is not None,
        number=number,
        name=name,
        ibans=frozenset(ibans - shared),
        shared=frozenset(shared),
        rows={model._meta.db_table: frozenset(ids) for model, ids in rows.items() if ids},
        evidence=frozenset(_evidence(rows)),
        requests=tuple(_requests(number, ibans - shared)),
        views=tuple(_views({name, *ibans} - {"", ERASED})),
    )


def _paid(number: str) -> tuple[UUID, str] | None:
    """The id of the oldest payment that names this number, and what the newest calls him."""
    paid = models.Order.objects.filter(payee_number=number).exclude(payee_number=ERASED)
    rows = paid.order_by("id").values_list("id", "creditor_name")
    oldest, newest = rows.first(), rows.last()
    return (oldest[0], newest[1]) if oldest and newest else None


def _names(number: str, ibans: Collection[str]) -> set[str]:
    """What stands for him where payments name a payee's number."""
    return {number, *(BY_ACCOUNT + iban for iban in ibans)}


def _shared(numbers: set[str], payee_id: UUID, number: str) -> set[str]:
    """Those of the account numbers that somebody else here has as well."""
    held = Q(iban__in=numbers) | Q(local_account__in=numbers)
    others = models.PayeeAccount.objects.filter(held).exclude(payee_id=payee_id)
    paid = models.Order.objects.filter(
        Q(creditor_iban__in=numbers) | Q(creditor_account__in=numbers)
    )
    paid = paid.exclude(payee_number__in=_names(number, numbers))
    own = models.Account.objects.filter(held)
    rows = (
        *others.values_list("iban", "local_account"),
        *paid.values_list("creditor_iban", "creditor_account"),
        *own.values_list("iban", "local_account"),
    )
    return numbers & {one for row in rows for one in row}


def _by_reference(
    payee_id: UUID, number: str, ibans: set[str]
) -> dict[type[TenantModel], set[UUID]]:
    orders = _ids(models.Order, payee_number__in=_names(number, ibans))
    proposed = models.PayeeChange.objects.filter(payee_id=payee_id)
    asked = models.ChangeRequest.objects.filter(subject_id=payee_id).exclude(kind=ERASURE)
    requests = set(asked.values_list("id", flat=True))
    freezes = _ids(models.Freeze, subject_id=payee_id)
    return {
        models.Payee: _ids(models.Payee, id=payee_id),
        models.PayeeAccount: _ids(models.PayeeAccount, payee_id=payee_id),
        models.PayeeDetails: _ids(models.PayeeDetails, payee_id=payee_id),
        models.PayeeVerification: _ids(models.PayeeVerification, account__payee_id=payee_id),
        models.NameQuestion: _ids(models.NameQuestion, account__payee_id=payee_id),
        models.PayeeConfirmation: _ids(models.PayeeConfirmation, account__payee_id=payee_id),
        models.PayeeChange: set(proposed.values_list("id", flat=True)),
        models.ChangeRequest: requests,
        models.ChangeAgreement: _ids(models.ChangeAgreement, request_id__in=requests),
        models.Freeze: freezes,
        models.FreezeLift: _ids(models.FreezeLift, freeze_id__in=freezes),
        models.CreditNote: _ids(models.CreditNote, payee_number=number),
        models.Netting: _ids(models.Netting, payee_number=number),
        **_of_checks(orders, number),
        **_of_notices(orders),
        **_of_payments(orders, set(proposed.exclude(case=None).values_list("case_id", flat=True))),
        **_of_cash(orders, ibans),
    }


def _of_checks(orders: set[UUID], number: str) -> dict[type[TenantModel], set[UUID]]:
    """Checks to him, and those that were presented instead of them."""
    issued = _ids(models.IssuedCheck, payee_number=number) if number else set()
    issued |= _ids(models.IssuedCheck, order_id__in=orders)
    return {
        models.IssuedCheck: issued,
        models.CheckException: _ids(models.CheckException, issued_id__in=issued),
    }


def _of_notices(orders: set[UUID]) -> dict[type[TenantModel], set[UUID]]:
    """What he was told of his payments, and is to be told."""
    told = models.AdvisedPayment.objects.filter(order_id__in=orders)
    return {models.AdviceNotice: set(told.values_list("notice_id", flat=True))}


def _of_payments(orders: set[UUID], cases: set[UUID]) -> dict[type[TenantModel], set[UUID]]:
    """His payments and what hangs on them; `cases` are about him for another reason."""
    attempts = _ids(models.Attempt, order_id__in=orders)
    cases = cases | _ids(models.Case, order_id__in=orders)
    cases |= _ids(models.Case, attempt_id__in=attempts)
    stated = _ids(models.OperatorEvidence, attempt_id__in=attempts)
    return {
        models.Order: orders,
        models.Approval: _ids(models.Approval, order_id__in=orders),
        models.Attempt: attempts,
        models.Hold: _ids(models.Hold, order_id__in=orders),
        models.ScreeningClearance: _ids(models.ScreeningClearance, order_id__in=orders),
        models.RunLine: _ids(models.RunLine, order_id__in=orders),
        models.Fact: _ids(models.Fact, attempt_id__in=attempts),
        models.Case: cases,
        models.OperatorEvidence: stated | _ids(models.OperatorEvidence, case_id__in=cases),
    }


def _of_cash(orders: set[UUID], ibans: set[str]) -> dict[type[TenantModel], set[UUID]]:
    """Booked lines that pay him, or that name an account of his, and their journals."""
    allocated = models.Allocation.objects.filter(order_id__in=orders)
    matches = set(allocated.values_list("match_id", flat=True))
    paid = models.Match.objects.filter(id__in=matches).values_list("transaction_id", flat=True)
    lines = {*paid, *_ids(models.BankTransaction, counterparty_iban__in=ibans)}
    keys = models.Order.objects.filter(id__in=orders).values("end_to_end_id")
    pending = _ids(models.PendingTransaction, counterparty_iban__in=ibans)
    pending |= _ids(models.PendingTransaction, booked_as_id__in=lines)
    pending |= _ids(models.PendingTransaction, end_to_end_id__in=keys)
    journals = _ids(models.JournalEvent, order_id__in=orders)
    journals |= _ids(models.JournalEvent, transaction_id__in=lines)
    return {
        models.BankTransaction: lines,
        models.PendingTransaction: pending,
        models.Match: matches | _ids(models.Match, transaction_id__in=lines),
        models.JournalEvent: journals,
        models.JournalLine: _ids(models.JournalLine, journal_id__in=journals),
    }


def _ids(model: type[TenantModel], **where: Any) -> set[UUID]:
    return set(model._default_manager.filter(**where).values_list("id", flat=True))


def _evidence(rows: Mapping[type[TenantModel], set[UUID]]) -> set[UUID]:
    """The files in which these rows were told, sent, answered, booked or stated."""
    orders, attempts = rows[models.Order], rows[models.Attempt]
    sent = models.Attempt.objects.filter(id__in=attempts).values("submission_id")
    asked = models.Case.objects.filter(id__in=rows[models.Case]).exclude(request=None)
    posted = models.JournalEvent.objects.filter(id__in=rows[models.JournalEvent])
    files = models.Submission.objects.filter(
        Q(id__in=sent)
        | Q(id__in=asked.values("request_id"))
        | Q(id__in=posted.exclude(posting=None).values("posting_id"))
    )
    runs = models.Order.objects.filter(id__in=orders).exclude(run=None).values("run_id")
    booked = models.BankTransaction.objects.filter(id__in=rows[models.BankTransaction])
    accounts = models.PayeeAccount.objects.filter(id__in=rows[models.PayeeAccount])
    details = models.PayeeDetails.objects.filter(id__in=rows[models.PayeeDetails])
    verified = models.PayeeVerification.objects.filter(id__in=rows[models.PayeeVerification])
    notices = models.AdviceNotice.objects.filter(id__in=rows[models.AdviceNotice])
    pending = models.PendingTransaction.objects.filter(id__in=rows[models.PendingTransaction])
    told = (
        notices.values_list("evidence_id", flat=True),
        pending.values_list("evidence_id", flat=True),
        verified.values_list("evidence_id", flat=True),
        accounts.values_list("evidence_id", flat=True),
        details.values_list("evidence_id", flat=True),
        models.PaymentRun.objects.filter(id__in=runs).values_list("evidence_id", flat=True),
        files.values_list("evidence_id", flat=True),
        files.values_list("sealed_evidence_id", flat=True),
        models.Fact.objects.filter(id__in=rows[models.Fact]).values_list("evidence_id", flat=True),
        models.Statement.objects.filter(id__in=booked.values("statement_id")).values_list(
            "evidence_id", flat=True
        ),
        models.OperatorEvidence.objects.filter(id__in=rows[models.OperatorEvidence]).values_list(
            "attachment_id", flat=True
        ),
    )
    return {evidence_id for part in told for evidence_id in part} - {None}


def _requests(number: str, ibans: Collection[str]) -> list[str]:
    """The idempotency keys under which he was named."""
    found = models.Idempotency.objects.annotate(told=Cast("body", TextField()))
    named = Q(told__contains=json.dumps(number, ensure_ascii=False))
    for iban in ibans:
        named |= Q(told__contains=iban)
    rows = found.filter(named).order_by("key").values_list("key", "body")
    return [key for key, body in rows.iterator() if concerns(body, number, ibans)]


def concerns(value: Any, number: str, ibans: Collection[str]) -> bool:
    """Whether an object is about the payee, or anything that it lists."""
    if isinstance(value, list):
        return any(concerns(one, number, ibans) for one in value)
    if isinstance(value, dict):
        inner = value.values()
        return is_about(value, number, ibans) or any(concerns(one, number, ibans) for one in inner)
    return False


def is_about(value: dict[str, Any], number: str, ibans: Collection[str]) -> bool:
    """Whether an object of a request names the payee, by his number where a payee's number stands
    or by an account of his. What it lists is asked for line by line."""
    payee, wanted = value.get("payee"), value.get("wanted")
    asked = wanted if str(value.get("kind", "")).startswith("payee") else None
    objects = [one for one in (payee, asked) if isinstance(one, dict)]
    if number in (payee, value.get("payee_number"), *(one.get("number") for one in objects)):
        return True
    return any(
        is_about(one, number, ibans)
        if isinstance(one, dict)
        else isinstance(one, str) and mentions(one, ibans)
        for one in value.values()
    )


def _views(words: Collection[str]) -> list[UUID]:
    found = models.SavedView.objects.values_list("id", "name", "query")
    return [view for view, *told in found if mentions([read_aloud(one) for one in told], words)]


def read_aloud(query: str) -> str:
    """A saved search as a person reads it."""
    return unquote_plus(query)


def event_ids(traces: PayeeTraces) -> list[UUID]:
    """Every event about one of his rows, or that names an account that is his alone."""
    subjects = {row for ids in traces.rows.values() for row in ids} | _searched(traces)
    told = Q(subject_id__in=subjects)
    for iban in traces.ibans:
        told |= Q(said__contains=iban) | Q(reason__contains=iban)
    found = models.Event.objects.annotate(said=Cast("data", TextField()))
    return list(found.filter(told).order_by("occurred_at", "id").values_list("id", flat=True))


def _searched(traces: PayeeTraces) -> set[UUID]:
    """The saved searches that name him, those that were forgotten since too."""
    kept = models.Event.objects.filter(type__startswith="saved_filter.")
    found = kept.values_list("subject_id", "data")
    return {view for view, data in found if mentions(read_aloud(str(data)), traces.needles)}


def _in_his_files(traces: PayeeTraces) -> QuerySet[models.Order]:
    """His payments, and others' that came or left in a file that would be destroyed with his."""
    own = Q(id__in=traces.of(models.Order))
    return models.Order.objects.filter(own | retention.paid_in(traces.evidence))


def open_payments(traces: PayeeTraces, ended: Collection[str]) -> list[str]:
    """Numbers of payments, his or in the same files, that are not in one of the states in which
    they end."""
    return retention.numbers_open(_in_his_files(traces), ended)


def open_about(traces: PayeeTraces) -> list[str]:
    """What else waits for somebody, in words."""
    cases = models.Case.objects.filter(id__in=traces.of(models.Case)).exclude(state="resolved")
    changes = models.PayeeChange.objects.filter(id__in=traces.of(models.PayeeChange))
    asked = models.ChangeRequest.objects.filter(id__in=traces.of(models.ChangeRequest))
    others = asked.filter(state="asked")
    owed = models.OpenItem.objects.filter(payer_iban__in=traces.ibans).exclude(open_minor=0)
    found = {
        "open cases": cases.count(),
        "proposed changes of his account": changes.filter(state="proposed").count(),
        "change requests": others.count(),
        "open items that he pays": owed.count(),
    }
    return [f"{count} {name}" for name, count in found.items() if count]


def is_confidential(traces: PayeeTraces) -> bool:
    """Whether only those who are cleared may know of him: confidential payments, nothing else."""
    paid = models.Order.objects.filter(id__in=traces.of(models.Order), confidential=True)
    return not traces.kept and paid.exists()


def newest(traces: PayeeTraces) -> datetime | None:
    """When the newest of his files, and of all payments in them, came, left or ended; None
    without any."""
    orders = _in_his_files(traces)
    files = models.Evidence.objects.filter(id__in=traces.evidence)
    days = [
        *orders.order_by("-state_since").values_list("state_since", flat=True)[:1],
        *files.order_by("-recorded_at").values_list("recorded_at", flat=True)[:1],
    ]
    return max(days, default=None)
