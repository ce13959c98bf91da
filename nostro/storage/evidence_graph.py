"""What a payment is tied to, thing by thing: from its source document to the journal.

Each thing is an item that names by id what it is tied to. What many payments share (a run's file, a
bank's statement) is told once, after them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet

from nostro.storage import bulk, models
from nostro.storage.shown_events import Place

# The chain from an order on, and what is said when a link of it is not there.
STAGES: Final[Mapping[str, str]] = {
    "source_document": "handed in by a program or a person: what was asked is in order.received",
    "checks": "it was not checked",
    "approvals": "nobody has approved it",
    "files": "it is in no file",
    "acknowledgements": "the bank has said nothing about it",
    "statement_lines": "no statement line is put on it",
    "journals": "nothing was posted for it",
}
_CHECKED, _APPROVED = "order.checked", "order.approval_given"


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing. `links` name others by kind and id; `absent` says why a stage has none.

    Of evidence, `member` holds the bytes, whose digest is `sha256`; or `missing` says why not.
    """

    item: str
    says: dict[str, Any]
    links: dict[str, list[str]] = {}
    absent: dict[str, str] = {}
    member: str = ""
    sha256: str = ""
    missing: dict[str, str] = {}


class Shared(msgspec.Struct, kw_only=True):
    """Ids of what was linked to and is still to be told."""

    run: set[UUID] = set()
    submission: set[UUID] = set()
    line: set[UUID] = set()
    statement: set[UUID] = set()
    evidence: set[UUID] = set()

    def link(self, kind: str, found: UUID) -> str:
        getattr(self, kind).add(found)
        return f"{kind}:{found}"


class _Part(msgspec.Struct, frozen=True, kw_only=True):
    """A table whose rows belong to an owner: what is told of each, and what each links to."""

    kind: str
    stage: str  # What it is to its owner.
    model: type[Model]
    owner: str = "id"
    only: Mapping[str, Any] = {}
    says: tuple[str, ...]
    links: Mapping[str, tuple[str, str]] = {}

    def rows(self, owners: Collection[UUID]) -> Iterator[dict[str, Any]]:
        found: QuerySet[Any] = self.model._default_manager.filter(
            bulk.one_of(self.owner, owners), **self.only
        )
        columns = {"id", self.owner, *self.says, *(column for _, column in self.links.values())}
        yield from found.order_by("id").values(*sorted(columns))

    def item(self, row: Mapping[str, Any], shared: Shared) -> Item:
        return Item(
            item=f"{self.kind}:{row['id']}",
            says={name.rpartition("__")[2]: row[name] for name in self.says},
            links={
                name: [shared.link(kind, row[column])]
                for name, (kind, column) in self.links.items()
                if row[column] is not None
            },
        )


_FACT: Final = (
    *("kind", "message_id", "status", "reason", "reason_text", "amount_minor", "currency"),
    *("booked_on", "verdict", "received_at"),
)
_STATED: Final = (
    *("kind", "state", "told_by", "text", "stated_by", "stated_by_name", "stated_at"),
    *("decided_by", "decided_by_name", "decided_at"),
)
_JOURNAL: Final = ("event", "owner", "action", "posting_date", "reference", "text", "created_at")
_BOOKING: Final = (
    *("amount_minor", "currency", "open_item__document", "match__state"),
    *("match__rule", "match__probability_millionths", "match__evidence", "match__by_person"),
    *("match__decided_by", "match__decided_at"),
)
_ORDER: Final = _Part(
    kind="order", stage="", model=models.Order,
    says=(
        *("number", "state", "state_since", "source", "source_reference", "payee_number"),
        *("amount_minor", "currency", "creditor_name", "creditor_address", "creditor_iban"),
        *("creditor_bic", "requested_date", "latest_date", "end_to_end_id", "remittance"),
        *("creditor_reference", "invoices", "route", "policy_version", "approval_digest"),
        *("maker_id", "maker_name", "created_at", "source_changes", "replaces_id"),
        *("returned_minor", "account__iban", "entity__code"),
    ),
    links={"source_document": ("run", "run_id")},
)  # fmt: skip
_OF_ORDERS: Final = (
    _Part(kind="hold", stage="holds", model=models.Hold, owner="order_id",
          says=("code", "sentence", "refers_to", "opened_at", "closed_at", "closed_by", "reason")),
    _Part(kind="approval", stage="approvals", model=models.Approval, owner="order_id",
          says=("person_id", "person_name", "digest", "approved_at", "voided_at")),
    _Part(kind="attempt", stage="files", model=models.Attempt, owner="order_id",
          says=("state", "state_since", "end_to_end_id", "payment_information_id", "uetr",
                "execution_date", "approval_digest", "reason", "reason_text", "rail_reference",
                "bank_reference"),
          links={"file": ("submission", "submission_id")}),
    _Part(kind="acknowledgement", stage="acknowledgements", model=models.Fact,
          owner="attempt__order_id", says=_FACT, links={"message": ("evidence", "evidence_id")}),
    _Part(kind="stated", stage="stated", model=models.OperatorEvidence, owner="attempt__order_id",
          says=_STATED, links={"attachment": ("evidence", "attachment_id")}),
    _Part(kind="booking", stage="statement_lines", model=models.Allocation, owner="order_id",
          says=_BOOKING, links={"statement_line": ("line", "match__transaction_id")}),
    _Part(kind="journal", stage="journals", model=models.JournalEvent, owner="order_id",
          says=_JOURNAL, links={"file": ("submission", "posting_id"),
                                "statement_line": ("line", "transaction_id")}),
    _Part(kind="case", stage="cases", model=models.Case, owner="order_id",
          says=("kind", "state", "stage", "sentence", "owner_name", "opened_at", "resolved_at",
                "outcome", "reason")),
)  # fmt: skip
_LINE: Final = _Part(
    kind="line", stage="", model=models.BankTransaction,
    says=("line", "amount_minor", "currency", "status", "booked", "value", "bank_reference",
          "end_to_end_id", "payment_information_id", "batch_count", "counterparty_name",
          "counterparty_iban", "remittance", "transaction_code", "match_state", "account__iban"),
    links={"statement": ("statement", "statement_id")},
)  # fmt: skip
# What belongs to a line and to no payment: receipts. What belongs to a payment is told with it.
_OF_LINES: Final = (
    _Part(kind="booking", stage="bookings", model=models.Allocation, owner="match__transaction_id",
          only={"order__isnull": True}, says=_BOOKING),
    _Part(kind="journal", stage="journals", model=models.JournalEvent, owner="transaction_id",
          only={"order__isnull": True}, says=_JOURNAL,
          links={"file": ("submission", "posting_id")}),
)  # fmt: skip
_SUBMISSION: Final = _Part(
    kind="submission", stage="", model=models.Submission,
    says=("purpose", "state", "state_since", "connection__name", "message_id", "file_name",
          "media_type", "line_count", "totals", "tries", "dispatched_at", "bank_reference",
          "created_at"),
    links={"written": ("evidence", "evidence_id"), "sent": ("evidence", "sealed_evidence_id")},
)  # fmt: skip
_OF_SUBMISSIONS: Final = (
    _Part(kind="acknowledgement", stage="acknowledgements", model=models.Fact,
          owner="submission_id", only={"attempt__isnull": True}, says=_FACT,
          links={"message": ("evidence", "evidence_id")}),
    _Part(kind="stated", stage="stated", model=models.OperatorEvidence, owner="submission_id",
          only={"attempt__isnull": True}, says=_STATED,
          links={"attachment": ("evidence", "attachment_id")}),
)  # fmt: skip
_RUN: Final = _Part(
    kind="run", stage="", model=models.PaymentRun,
    says=("source", "reference", "received_at", "line_count", "totals", "stated_totals", "state",
          "maker_name"),
    links={"document": ("evidence", "evidence_id")},
)  # fmt: skip
_STATEMENT: Final = _Part(
    kind="statement", stage="", model=models.Statement,
    says=("account__iban", "statement_id", "kind", "sequence", "currency", "from_day", "to_day",
          "opening_minor", "closing_minor", "entry_count", "verdict", "verdict_reason",
          "received_at"),
    links={"document": ("evidence", "evidence_id")},
)  # fmt: skip
_EVIDENCE: Final = _Part(
    kind="evidence", stage="", model=models.Evidence,
    says=("name", "media_type", "size_bytes", "direction", "recorded_at"),
)  # fmt: skip


def payments(
    order_ids: Collection[UUID], places: Iterable[Place], shared: Shared
) -> Iterator[Item]:
    """These payments with what is theirs alone; `places` are their events."""
    theirs, told = _told_of(_OF_ORDERS, order_ids, shared)
    acts = _acts(places)
    yield from _with_lines(told)
    for row in _ORDER.rows(order_ids):
        order = _ORDER.item(row, shared)
        checks, agreed = acts.get((row["id"], _CHECKED), ()), acts.get((row["id"], _APPROVED), ())
        yield from (_check(place) for place in checks)
        order.links.update(theirs.get(row["id"], {}))
        if checks:
            order.links["checks"] = [f"check:{place.id}" for place in checks]
        if agreed:
            order.links["approved_in"] = [f"event:{place.id}" for place in agreed]
        absent = {stage: why for stage, why in STAGES.items() if stage not in order.links}
        yield msgspec.structs.replace(order, absent=absent)


def lines(line_ids: Collection[UUID], shared: Shared) -> Iterator[Item]:
    """These statement lines, and what of them is put on no payment."""
    yield from _owners(_LINE, _OF_LINES, line_ids, shared)


def submissions(ids: Collection[UUID], shared: Shared) -> Iterator[Item]:
    """These files, and what the bank said of each as a whole."""
    for item in _owners(_SUBMISSION, _OF_SUBMISSIONS, ids, shared):
        if item.item.startswith("submission:"):  # What was not sealed left as it was written.
            item.links.setdefault("sent", item.links["written"])
        yield item


def runs(ids: Collection[UUID], shared: Shared) -> Iterator[Item]:
    yield from _owners(_RUN, (), ids, shared)


def statements(ids: Collection[UUID], shared: Shared) -> Iterator[Item]:
    yield from _owners(_STATEMENT, (), ids, shared)


def evidence(ids: Collection[UUID]) -> Iterator[Item]:
    """These files as they were kept, without their bytes."""
    yield from _owners(_EVIDENCE, (), ids, Shared())


def payments_of_lines(line_ids: Collection[UUID]) -> set[UUID]:
    """The payments that these lines were put on."""
    found = models.Allocation.objects.filter(
        bulk.one_of("match__transaction_id", line_ids), order__isnull=False
    )
    return set(found.values_list("order_id", flat=True))


def has_payment(order_id: UUID) -> bool:
    return models.Order.objects.filter(id=order_id).exists()


def has_line(line_id: UUID) -> bool:
    return models.BankTransaction.objects.filter(id=line_id).exists()


def payments_between(since: datetime, until: datetime, most: int) -> list[UUID]:
    """Payments that were received in [since, until), at most so many."""
    found = models.Order.objects.filter(created_at__gte=since, created_at__lt=until)
    return list(found.order_by("id").values_list("id", flat=True)[:most])


def lines_between(since: datetime, until: datetime, most: int) -> list[UUID]:
    """Lines that were booked on a day of [since, until), at most so many."""
    found = models.BankTransaction.objects.filter(booked__gte=since.date(), booked__lt=until.date())
    return list(found.order_by("id").values_list("id", flat=True)[:most])


def _owners(
    whole: _Part, parts: Iterable[_Part], ids: Collection[UUID], shared: Shared
) -> Iterator[Item]:
    theirs, told = _told_of(parts, ids, shared)
    yield from _with_lines(told)
    for row in whole.rows(ids):
        item = whole.item(row, shared)
        item.links.update(theirs.get(row["id"], {}))
        yield item


def _told_of(
    parts: Iterable[_Part], owners: Collection[UUID], shared: Shared
) -> tuple[dict[UUID, dict[str, list[str]]], list[Item]]:
    """The items of each part, and how each owner links to them."""
    theirs: dict[UUID, dict[str, list[str]]] = {}
    told = []
    for part in parts:
        for row in part.rows(owners):
            item = part.item(row, shared)
            theirs.setdefault(row[part.owner], {}).setdefault(part.stage, []).append(item.item)
            told.append(item)
    return theirs, told


def _with_lines(told: Iterable[Item]) -> Iterator[Item]:
    """The items; journals with their lines."""
    journals = {UUID(one.item[8:]): one for one in told if one.item.startswith("journal:")}
    says = (
        *("ledger_account", "document_minor", "document_currency", "functional_minor"),
        *("functional_currency", "open_item", "text"),
    )
    rows = models.JournalLine.objects.filter(bulk.one_of("journal_id", journals))
    for row in rows.order_by("journal_id", "line").values("journal_id", *says):
        item = journals[row.pop("journal_id")]
        item.says.setdefault("lines", []).append(row)
    yield from told


def _acts(places: Iterable[Place]) -> dict[tuple[UUID, str], list[Place]]:
    found: dict[tuple[UUID, str], list[Place]] = {}
    for place in places:
        if place.type in (_CHECKED, _APPROVED):
            found.setdefault((place.subject_id, place.type), []).append(place)
    return found


def _check(place: Place) -> Item:
    """What the checks found is what the event says."""
    links = {"event": [f"event:{place.id}"]}
    return Item(item=f"check:{place.id}", says={"checked_by": place.actor_id}, links=links)
