"""Payees as stored: who they are, version by version, and how their accounts were confirmed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.order import OrderState
from nostro.domain.party import PostalAddress
from nostro.domain.payee import CallBack, ConfirmationMethod, PayeeDetails, VersionOrigin
from nostro.storage import bulk, models
from nostro.storage.parties import origin_columns
from nostro.storage.tenancy import current


class AccountVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of where a payee is paid. `editors` (person ids) asked for it, `asked_at`
    is when; `confirmed` by somebody who made sure with the payee."""

    id: UUID
    payee_id: UUID
    payee_name: str
    version: int
    iban: str
    valid_from: datetime
    confirmed: bool
    editors: frozenset[str]
    asked_at: datetime


def details(payee_id: UUID) -> PayeeDetails:
    """Who the payee is today."""
    return details_of([payee_id])[payee_id]


def details_of(payee_ids: Iterable[UUID]) -> dict[UUID, PayeeDetails]:
    """Who these payees are today."""
    ids = list(payee_ids)
    named = models.Payee.objects.filter(bulk.one_of("id", ids)).values_list("id", "name")
    found = {payee_id: PayeeDetails(name=name) for payee_id, name in named}
    rows = models.PayeeDetails.objects.filter(bulk.one_of("payee_id", ids)).order_by("version")
    for payee_id, name, address, email in rows.values_list("payee_id", "name", "address", "email"):
        lives = msgspec.convert(address if isinstance(address, dict) else {}, PostalAddress)
        found[payee_id] = PayeeDetails(name=name, address=lives, email=email)
    return found


class AddedDetails(msgspec.Struct, frozen=True, kw_only=True):
    """A version of who a payee is, to store."""

    id: UUID
    payee_id: UUID
    version: int
    told: PayeeDetails
    origin: VersionOrigin
    changed_by: str


def details_numbers(payee_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The number of each payee's newest version; who has none besides the name is left out."""
    rows = models.PayeeDetails.objects.filter(bulk.one_of("payee_id", list(payee_ids)))
    return dict(rows.order_by("version").values_list("payee_id", "version"))


def add_details(added: Sequence[AddedDetails], now: datetime) -> None:
    """Store versions of who payees are, from now on; of one payee in their order."""
    tenant_id = current()
    models.PayeeDetails.objects.bulk_create(
        [
            models.PayeeDetails(
                id=one.id,
                tenant_id=tenant_id,
                payee_id=one.payee_id,
                version=one.version,
                name=one.told.name,
                address=msgspec.to_builtins(one.told.address),
                email=one.told.email,
                valid_from=now,
                changed_by=one.changed_by,
                **origin_columns(one.origin),
            )
            for one in added
        ]
    )
    _rename({one.payee_id: one.told.name for one in added})


def _rename(names: dict[UUID, str]) -> None:
    """What these payees are called from now on."""
    called = models.Payee.objects.filter(bulk.one_of("id", list(names))).only("id", "name")
    changed = [row for row in called if row.name != names[row.id]]
    for row in changed:
        row.name = names[row.id]
    models.Payee.objects.bulk_update(changed, ["name"])


def newest_account(number: str) -> AccountVersion | None:
    """Where the payee of this number is paid, with who stands behind it; None where nowhere."""
    rows = models.PayeeAccount.objects.filter(payee__number=number).order_by("-version")
    row = rows.select_related("payee", "request").first()
    if row is None:
        return None
    asked = row.request
    editors = {str(row.changed_by_person or "")}
    if asked is not None:
        editors |= {asked.asked_by, *asked.asked_for}
    return AccountVersion(
        id=row.id,
        payee_id=row.payee_id,
        payee_name=row.payee.name,
        version=row.version,
        iban=row.iban,
        valid_from=row.valid_from,
        confirmed=row.confirmed,
        editors=frozenset(editors - {""}),
        asked_at=asked.asked_at if asked else row.valid_from,
    )


class Confirmed(msgspec.Struct, frozen=True, kw_only=True):
    """One version that somebody made sure of: he, by name and id, and who agreed that it counts."""

    id: UUID
    account_id: UUID
    done_by: str
    done_by_name: str
    agreed_by_name: str


def confirm_by_call(row: Confirmed, call: CallBack, now: datetime) -> None:
    """Keep what was said, and that this version counts as confirmed."""
    models.PayeeConfirmation.objects.create(
        tenant_id=current(),
        method=ConfirmationMethod.CALL_BACK.value,
        spoke_with=call.spoke_with,
        number_called=call.number_called,
        number_source=call.number_source.value,
        happened_at=call.called_at,
        said=call.said,
        begun_at=now,
        confirmed_at=now,
        **msgspec.structs.asdict(row),
    )
    models.PayeeAccount.objects.filter(id=row.account_id).update(confirmed=True)


class PennyTest(msgspec.Struct, frozen=True, kw_only=True):
    """A small payment whose code waits to be told back: its number and how far it is."""

    id: UUID
    code: str
    done_by: str
    payment: str
    state: OrderState


def begin_penny_test(
    row_id: UUID,
    account_id: UUID,
    order_id: UUID,
    code: str,
    *,
    by: tuple[str, str],
    now: datetime,
) -> None:
    """A test is begun by somebody (id and name): this payment carries this code."""
    models.PayeeConfirmation.objects.create(
        id=row_id,
        tenant_id=current(),
        account_id=account_id,
        method=ConfirmationMethod.PENNY_TEST.value,
        order_id=order_id,
        code=code,
        spoke_with="",
        number_called="",
        number_source="",
        said="",
        done_by=by[0],
        done_by_name=by[1],
        agreed_by_name="",
        begun_at=now,
    )


def penny_tests(account_id: UUID) -> list[PennyTest]:
    """The tests of one version that nobody has told the code of, the newest first."""
    found = models.PayeeConfirmation.objects.filter(
        account_id=account_id, method=ConfirmationMethod.PENNY_TEST.value, confirmed_at=None
    )
    rows = found.order_by("-begun_at", "-id").values_list(
        "id", "code", "done_by", "order__number", "order__state"
    )
    return [
        PennyTest(id=row_id, code=code, done_by=by, payment=number, state=OrderState(state))
        for row_id, code, by, number, state in rows
        if state
    ]


def confirm_by_code(
    row_id: UUID, account_id: UUID, *, spoke_with: str, agreed_by: str, now: datetime
) -> None:
    """The payee told the code: this version counts as confirmed."""
    models.PayeeConfirmation.objects.filter(id=row_id).update(
        spoke_with=spoke_with, agreed_by_name=agreed_by, happened_at=now, confirmed_at=now
    )
    models.PayeeAccount.objects.filter(id=account_id).update(confirmed=True)
