"""Grants as people write and read them: a legal entity by its code, an account by its IBAN."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from nostro.domain.errors import Invalid, Refused
from nostro.domain.money import Money
from nostro.domain.party import Action, Grant, Role
from nostro.domain.policies import reach
from nostro.domain.policies.limits import spelled as spelled_amount
from nostro.storage import parties, people


class WantedGrant(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """One role and how far it is to reach; empty means everywhere.

    `entity` is a legal entity's code, `account` an IBAN, `up_to` an amount as "5000.00 EUR".
    `cleared` shows confidential payments.
    """

    role: Role
    entity: str = ""
    account: str = ""
    up_to: str = ""
    actions: tuple[Action, ...] = ()
    until: datetime | None = None
    cleared: bool = False


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """What a grant may reach, by id: codes of entities, IBANs of accounts."""

    entities: dict[str, str]
    accounts: dict[str, str]


def places() -> Places:
    """The customer's entities and accounts; inside a unit of work."""
    return Places(
        entities={row.id: row.code for row in parties.entities()},
        accounts={row.id: f"{row.iban} {row.currency}" for row in parties.accounts()},
    )


def grant_of(wanted: WantedGrant, where: Places) -> Grant:
    """The grant that is meant; raises Refused for a place that is not there, and where nothing
    that the role does has a place: narrowed, it would look like less than it is."""
    if (wanted.entity or wanted.account or wanted.up_to) and not reach.has_a_place(wanted.role):
        raise Refused(
            "grant_has_no_place",
            f"Nothing that a {wanted.role.replace('_', ' ')} does is about an entity, an account or"
            " an amount.",
            "Nothing was asked for.",
            "Grant the role without them; `actions` and `until` narrow it.",
        )
    return Grant(
        role=wanted.role,
        entity_id=_place(wanted.entity, where.entities, "legal entity") if wanted.entity else "",
        account_id=_place(wanted.account, where.accounts, "account") if wanted.account else "",
        up_to=amount_of(wanted.up_to) if wanted.up_to else None,
        actions=frozenset(wanted.actions),
        until=wanted.until,
        cleared=wanted.cleared,
    )


def spelled(grant: Grant, where: Places) -> str:
    """A grant in words: "approver, entity DE, up to 5,000.00 EUR"."""
    parts = [grant.role.replace("_", " ")]
    if grant.entity_id:
        parts.append(f"entity {where.entities.get(grant.entity_id, 'that is gone')}")
    if grant.account_id:
        parts.append(f"account {where.accounts.get(grant.account_id, 'that is gone')}")
    if grant.up_to:
        parts.append(f"up to {spelled_amount(grant.up_to)}")
    if grant.actions:
        parts.append("only " + " and ".join(sorted(one.replace("_", " ") for one in grant.actions)))
    if grant.cleared:
        parts.append("cleared for confidential payments")
    if grant.until:
        parts.append(f"until {grant.until:%Y-%m-%d %H:%M} UTC")
    if grant.on_behalf_of:
        parts.append(f"for {people.name_of(UUID(grant.on_behalf_of)) or 'somebody who left'}")
    if grant.break_glass:
        parts.append("under a broken glass")
    return ", ".join(parts)


def _place(wanted: str, known: dict[str, str], what: str) -> str:
    compact = wanted.replace(" ", "").upper()
    found = [
        key
        for key, name in known.items()
        if name == wanted or name.split(" ")[0] == compact or key == wanted
    ]
    if len(found) == 1:
        return found[0]
    raise Refused(
        "grant_place_unknown" if not found else "grant_place_unclear",
        f"There is no {what} {wanted[:60]}." if not found else f"{wanted[:60]} may be several.",
        "Nothing was asked for.",
        f"There are: {', '.join(sorted(known.values())[:20]) or 'none yet'}.",
    )


def amount_of(text: str) -> Money:
    """An amount with its currency, as people write it: "5000.00 EUR". Raises Invalid."""
    number, _, currency = text.strip().rpartition(" ")
    if not number:
        raise Invalid(
            "grant_amount_unreadable",
            f"{text[:40]!r} is no amount with its currency.",
            "Nothing was asked for.",
            "Write it like 5000.00 EUR.",
            field="up_to",
        )
    return Money.parse(number, currency)
