"""Why a payment is held, beside the other record it was compared with."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec

from nostro.domain.local_account import spelled
from nostro.domain.money import Money
from nostro.storage import models
from nostro.storage.dossier import HoldRow
from nostro.storage.rows import PaymentRow, build, columns


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One field of this payment beside the same field of the other record."""

    field: str
    ours: str
    other: str

    @property
    def same(self) -> bool:
        return self.ours == self.other


class HoldView(msgspec.Struct, frozen=True, kw_only=True):
    """A hold, and the other record: its title, its payment if it is one, field by field."""

    hold: HoldRow
    other_title: str = ""
    other_payment: UUID | None = None
    compared: tuple[Compared, ...] = ()


def holds_of(rows: Collection[PaymentRow]) -> dict[UUID, list[HoldView]]:
    """The holds of each of these payments, the oldest first."""
    by_id = {row.id: row for row in rows}
    found = models.Hold.objects.filter(order_id__in=by_id).order_by("opened_at", "id")
    views: dict[UUID, list[HoldView]] = {order_id: [] for order_id in by_id}
    for told in found.values(*columns(HoldRow), "order_id"):
        order_id = told.pop("order_id")
        views[order_id].append(_view(by_id[order_id], build(HoldRow, told)))
    return views


def _view(payment: PaymentRow, hold: HoldRow) -> HoldView:
    if not hold.refers_to:
        return HoldView(hold=hold)
    if hold.code == "duplicate_suspected":
        return _beside_payment(payment, hold)
    return _beside_account(payment, hold)


def _beside_payment(payment: PaymentRow, hold: HoldRow) -> HoldView:
    other = models.Order.objects.filter(number=hold.refers_to).first()
    if other is None:
        return HoldView(hold=hold)
    paid_to = other.creditor_iban or other.creditor_account
    pairs = (
        ("Payee", payment.creditor_name, other.creditor_name),
        ("Amount", _money(payment.amount), _money(Money(other.amount_minor, other.currency))),
        ("Invoices", ", ".join(payment.invoices), ", ".join(other.invoices)),
        ("Account", spelled(payment.creditor_number), spelled(paid_to)),
        ("Date", f"{payment.requested_date:%-d %b %Y}", f"{other.requested_date:%-d %b %Y}"),
        ("Source", payment.source_reference, other.source_reference),
    )
    return HoldView(
        hold=hold,
        other_title=f"{other.number}, for comparison",
        other_payment=other.id,
        compared=_compared(pairs),
    )


def _beside_account(payment: PaymentRow, hold: HoldRow) -> HoldView:
    """The payee's account as this payment uses it, beside the version before it."""
    try:
        account_id = UUID(hold.refers_to)
    except ValueError:
        return HoldView(hold=hold)
    known = models.PayeeAccount.objects.filter(id=account_id).first()
    if known is None:
        return HoldView(hold=hold)
    kept = known.iban or known.local_account
    if kept != payment.creditor_number:
        told = (
            ("Account", spelled(payment.creditor_number), spelled(kept)),
            ("Said by", f"payment {payment.source_reference}", known.changed_by),
        )
        return HoldView(hold=hold, other_title="Known account", compared=_compared(told))
    before = models.PayeeAccount.objects.filter(
        payee_id=known.payee_id, version=known.version - 1
    ).first()
    if before is None:
        return HoldView(hold=hold)
    pairs = (
        ("Account", spelled(kept), spelled(before.iban or before.local_account)),
        ("BIC", known.bic or "none", before.bic or "none"),
        ("Since", f"{known.valid_from:%-d %b %Y}", f"{before.valid_from:%-d %b %Y}"),
        ("Changed by", known.changed_by, before.changed_by),
        ("Confirmed", _yes(known.confirmed), _yes(before.confirmed)),
    )
    return HoldView(hold=hold, other_title="Account before", compared=_compared(pairs))


def _compared(pairs: Collection[tuple[str, str, str]]) -> tuple[Compared, ...]:
    return tuple(Compared(field=field, ours=ours, other=other) for field, ours, other in pairs)


def _money(amount: Money) -> str:
    return f"{amount.grouped()} {amount.currency}"


def _yes(confirmed: bool) -> str:
    return "with the payee" if confirmed else "by nobody"
