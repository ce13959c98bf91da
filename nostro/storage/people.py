"""People who sign in, and what each may do for which customer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from nostro.domain import duties
from nostro.domain.errors import Invalid, Refused
from nostro.domain.party import Grant, Member, Role
from nostro.storage import models
from nostro.storage.tenancy import current


class MembershipRow(msgspec.Struct, frozen=True, kw_only=True):
    """One customer that a person works for, and as what."""

    tenant_id: UUID
    customer_code: str
    customer_name: str
    person_id: UUID
    roles: frozenset[Role]


def create_person(person_id: UUID, *, email: str, name: str, password: str, now: datetime) -> None:
    """Make a person who can sign in with this address and password; may do nothing yet.

    Raises Invalid for an address or password that will not do, Refused when the address is taken.
    """
    address = email.strip().lower()
    _check(address, password)
    try:
        with transaction.atomic():
            person = models.Person.objects.create(
                id=person_id,
                email=address,
                name=name,
                password=make_password(password),
                joined_at=now,
            )
            EmailAddress.objects.create(user=person, email=address, verified=True, primary=True)
    except IntegrityError as error:
        raise Refused(
            "person_exists",
            f"There is already a person with the address {address}.",
            can_do="Give that person a membership instead.",
            field="email",
        ) from error


def set_password(person_id: UUID, password: str) -> None:
    """A new password; raises Invalid for one that will not do. Sessions under the old one end."""
    _check_password(password)
    models.Person.objects.filter(id=person_id).update(password=make_password(password))


def person_of_email(email: str) -> UUID | None:
    """Who signs in with this address; None when nobody does."""
    found = models.Person.objects.filter(email=email.strip().lower())
    return found.values_list("id", flat=True).first()


def person_of_id(text: str) -> UUID | None:
    """The person of this id; None for what is nobody's, like the name of a job."""
    try:
        found = models.Person.objects.filter(id=UUID(text))
    except ValueError:
        return None
    return found.values_list("id", flat=True).first()


def grant(membership_id: UUID, person_id: UUID, roles: Iterable[Role]) -> None:
    """Let a person act for the customer of this unit of work, with exactly these roles."""
    grant_reaching(membership_id, person_id, [Grant(role=role) for role in sorted(set(roles))])


def grant_reaching(membership_id: UUID, person_id: UUID, grants: Iterable[Grant]) -> None:
    """Let a person act for the customer of this unit of work, with exactly these grants."""
    told = list(grants)
    written: dict[str, Any] = {
        "roles": sorted({one.role.value for one in told}),
        "grants": msgspec.to_builtins(told, order="sorted"),
        "active": True,
    }
    models.Membership.objects.update_or_create(
        tenant_id=current(),
        person_id=person_id,
        defaults=written,
        create_defaults={
            "id": membership_id,
            "tenant_id": current(),
            "person_id": person_id,
            **written,
        },
    )


def withdraw(person_id: UUID) -> bool:
    """End a person's membership of this customer at once; True when there was one."""
    found = models.Membership.objects.filter(person_id=person_id, active=True)
    return found.update(active=False) > 0


def grants_of(person_id: UUID) -> tuple[Grant, ...] | None:
    """All that a person holds of the customer of this unit of work, ended or not; None when he
    does not work for it."""
    found = models.Membership.objects.filter(person_id=person_id, active=True)
    stored = found.values_list("grants", flat=True).first()
    return None if stored is None else msgspec.convert(stored, tuple[Grant, ...])


def name_of(person_id: UUID) -> str:
    """A person's name; "" when there is none of this id."""
    found = models.Person.objects.filter(id=person_id)
    return str(found.values_list("name", flat=True).first() or "")


def emails(person_ids: Iterable[UUID]) -> dict[str, str]:
    """The addresses with which these people sign in, by id."""
    found = models.Person.objects.filter(id__in=set(person_ids))
    return {str(person_id): email for person_id, email in found.values_list("id", "email")}


def memberships(person_id: UUID) -> list[MembershipRow]:
    """The customers a person works for, by code; as nostro_ops, before one is chosen."""
    found = models.Membership.objects.using("ops").filter(person_id=person_id, active=True)
    granted = dict(found.values_list("tenant_id", "roles"))
    customers = models.Customer.objects.using("ops").filter(tenant_id__in=granted).order_by("code")
    return [
        MembershipRow(
            tenant_id=tenant_id,
            customer_code=code,
            customer_name=name,
            person_id=person_id,
            roles=_roles(granted[tenant_id]),
        )
        for tenant_id, code, name in customers.values_list("tenant_id", "code", "name")
    ]


def member(tenant_id: UUID, person_id: UUID, now: datetime | None = None) -> Member:
    """A person as he acts for one customer; raises Refused when he may not (any more).

    As nostro_ops: who acts is asked before the unit of work in which he does. Without `now`, what
    he holds for a time only does not count.
    """
    granted = models.Membership.objects.using("ops").filter(
        tenant_id=tenant_id, person_id=person_id, active=True
    )
    grants = granted.values_list("grants", flat=True).first()
    active = models.Person.objects.filter(id=person_id, is_active=True)
    name = active.values_list("name", flat=True).first()
    if grants is None or name is None:
        raise Refused(
            "not_a_member",
            "You do not work for this customer.",
            can_do="Ask an administrator of the customer for a membership.",
        )
    told = _standing([(person_id, name, grants)], now, "ops", tenant_id)
    return told[0]


def members(person_ids: Iterable[UUID], now: datetime | None = None) -> list[Member]:
    """Those of these people who work for the customer of this unit of work, as they are now."""
    found = models.Membership.objects.filter(
        person_id__in=set(person_ids), active=True, person__is_active=True
    )
    return _standing(found.values_list("person_id", "person__name", "grants"), now)


def everybody(now: datetime | None = None) -> list[Member]:
    """All who work for the customer of this unit of work, by name."""
    found = models.Membership.objects.filter(active=True, person__is_active=True)
    rows = found.order_by("person__name", "person_id")
    return _standing(rows.values_list("person_id", "person__name", "grants"), now)


def is_known_here(person_id: UUID) -> bool:
    """Whether the person works or has worked for the customer, accepted an invitation of it, or
    signs in by its own service."""
    return any(
        found.filter(person_id=person_id).exists()
        for found in (
            models.Membership.objects,
            models.Invitation.objects,
            models.FederatedIdentity.objects,
        )
    )


def ever_here() -> list[Member]:
    """All who work or have worked for the customer, with what they held when they left."""
    rows = models.Membership.objects.order_by("person__name", "person_id")
    return _standing(rows.values_list("person_id", "person__name", "grants"), None)


def _standing(
    rows: Iterable[tuple[UUID, str, object]],
    now: datetime | None,
    using: str = "default",
    tenant_id: UUID | None = None,
) -> list[Member]:
    """People as they are now: what has ended does not count, nor what was lent by somebody who
    does not hold it himself any more."""
    told = [
        (person_id, name, duties.in_force(msgspec.convert(stored, tuple[Grant, ...]), now))
        for person_id, name, stored in rows
    ]
    lenders = {one.on_behalf_of for _, _, grants in told for one in grants if one.on_behalf_of}
    lent = _lendable(lenders, now, using, tenant_id or current()) if lenders else {}
    found = []
    for person_id, name, grants in told:
        held = tuple(one for one in grants if not one.on_behalf_of or _is_lent(one, lent))
        roles = frozenset(one.role for one in held)
        found.append(Member(id=str(person_id), name=name, roles=roles, grants=held))
    return found


def _lendable(
    lenders: Iterable[str], now: datetime | None, using: str, tenant_id: UUID
) -> dict[str, set[Grant]]:
    """What each of these people holds himself and for good, by his id."""
    ids = [UUID(lender) for lender in lenders]
    active = models.Person.objects.filter(id__in=ids, is_active=True).values_list("id", flat=True)
    found = models.Membership.objects.using(using).filter(
        tenant_id=tenant_id, person_id__in=list(active), active=True
    )
    return {
        str(person_id): {
            one
            for one in duties.in_force(msgspec.convert(stored, tuple[Grant, ...]), now)
            if one.lasting
        }
        for person_id, stored in found.values_list("person_id", "grants")
    }


def _is_lent(grant: Grant, lent: dict[str, set[Grant]]) -> bool:
    own = msgspec.structs.replace(grant, until=None, on_behalf_of="")
    return own in lent.get(grant.on_behalf_of, set())


def _roles(words: Iterable[str]) -> frozenset[Role]:
    return frozenset(Role(word) for word in words)


def check_email(address: str) -> None:
    """Raise Invalid for what is no e-mail address."""
    try:
        validate_email(address)
    except ValidationError as error:
        raise Invalid(
            "email_invalid",
            f"{address[:100]!r} is not an e-mail address.",
            can_do="Write it like name@example.com.",
            field="email",
        ) from error


def _check(address: str, password: str) -> None:
    check_email(address)
    _check_password(password)


def _check_password(password: str) -> None:
    try:
        validate_password(password)
    except ValidationError as error:
        raise Invalid(
            "password_too_weak",
            " ".join(error.messages),
            can_do="Choose a longer password that is not a common one.",
            field="password",
        ) from error
