"""A customer set up: itself, legal entities, its own accounts, and the people who work for it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from nostro.domain import identifier
from nostro.domain.currency import EXPONENT
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.event import Actor
from nostro.domain.party import Account, LegalEntity, Role
from nostro.storage import connecting, events, parties, people, restoring
from nostro.storage.tenancy import tenant
from nostro.workflows import connecting as connections
from nostro.workflows.case_work import checked_reason
from nostro.workflows.context import Acting, World


def found_customer(world: World, actor: Actor, code: str, name: str, partner: str) -> UUID:
    """Make a customer, hosted by a partner that is made when it is not there; returns its id.

    Raises Refused when the code is taken.
    """
    if any(row.code.casefold() == code.casefold() for row in parties.customers()):
        raise _taken("customer", code)
    customer_id = world.ids.new()
    acting = Acting(tenant_id=customer_id, actor=actor, world=world)
    partner_id = parties.create_partner(world.ids.new(), partner)
    with tenant(customer_id):
        parties.create_customer(customer_id, partner_id, name=name, code=code)
        told = {"code": code, "name": name, "partner": partner}
        events.record([acting.event("customer.created", "customer", customer_id, **told)])
    return customer_id


def add_person(acting: Acting, email: str, name: str, password: str, roles: Iterable[Role]) -> UUID:
    """Let a person work for the customer; one who is known already keeps name and password.

    Raises Invalid for an address or a password that will not do, or without a role.
    """
    wanted = frozenset(roles)
    if not wanted:
        raise Invalid("role_missing", f"Nothing was said about what {email} may do.", field="role")
    with tenant(acting.tenant_id):
        person_id = join(acting, email, name, password)
        people.grant(acting.world.ids.new(), person_id, wanted)
        told = {"email": email, "roles": sorted(role.value for role in wanted)}
        events.record([acting.event("person.granted", "person", person_id, **told)])
    return person_id


def join(acting: Acting, email: str, name: str, password: str) -> UUID:
    """A person who can sign in and may do nothing yet; one who is known keeps name and password."""
    with tenant(acting.tenant_id):
        known = people.person_of_email(email)
        if known is not None:
            return known
        person_id, now = acting.world.ids.new(), acting.world.clock.now()
        people.create_person(person_id, email=email, name=name, password=password, now=now)
        told = {"email": email, "by": acting.actor.name}
        events.record([acting.event("person.joined", "person", person_id, **told)])
    return person_id


def add_entity(acting: Acting, entity: LegalEntity) -> None:
    """Add a company of the customer's group; raises Refused when its code is taken."""
    _known_currency(entity.functional_currency)
    if not entity.address.town or not entity.address.country:
        raise Invalid(
            "address_incomplete",
            "Banks want at least town and country of who pays.",
            "The company was not added.",
            "Give both; the country as two letters.",
            field="country" if entity.address.town else "town",
        )
    with tenant(acting.tenant_id):
        if any(row.code == entity.code for row in parties.entities()):
            raise _taken("legal entity", entity.code)
        parties.create_entity(entity)
        told = {"code": entity.code, "name": entity.name}
        events.record([acting.event("entity.created", "entity", UUID(entity.id), **told)])


def add_account(acting: Acting, account: Account) -> None:
    """Add one of the customer's own accounts; raises Invalid for an IBAN or currency that cannot
    be, Refused when it is there already."""
    _known_currency(account.currency)
    if not account.local_account:
        _check_iban(account.iban)
    with tenant(acting.tenant_id):
        held = [(row.number, row.currency) for row in parties.accounts()]
        if (account.number, account.currency) in held:
            raise _taken("account", f"{account.number} in {account.currency}")
        parties.create_account(account)
        told = {
            "iban": account.iban,
            **({"account": account.local_account} if account.local_account else {}),
            "currency": account.currency,
            "connection": account.connection_id,
            "entity": account.legal_entity_id,
        }
        events.record([acting.event("account.created", "account", UUID(account.id), **told)])


def attach_account(acting: Acting, iban: str, currency: str, connection: str, reason: str) -> None:
    """Reach an account by another connection from now on.

    What was frozen into files stays with the old one; while nobody knows whether that has a file,
    the account stays too: raises Refused then, and when there is no such account.
    """
    told, row = checked_reason(reason), connections.named(acting, connection)
    with tenant(acting.tenant_id):
        account = account_of(iban, currency)
        if doubted := restoring.in_doubt(UUID(account.connection_id)):
            raise Refused(
                "connection_in_doubt",
                f"Nobody knows yet whether its bank has {', '.join(doubted[:5])}.",
                "The account stays with its connection.",
                "Wait until that is known, then attach it.",
            )
        connecting.attach(UUID(account.id), row.id)
        words = {"before": account.connection_id, "after": str(row.id), "reason": told}
        events.record([acting.event("account.attached", "account", UUID(account.id), **words)])


def account_of(iban: str, currency: str = "") -> Account:
    """The customer's own account of this IBAN; inside a unit of work. Raises Refused."""
    wanted = iban.replace(" ", "").upper()
    found = [row for row in parties.accounts() if row.number == wanted]
    found = [row for row in found if not currency or row.currency == currency]
    if len(found) == 1:
        return found[0]
    raise Refused(
        "account_unknown" if not found else "account_unclear",
        f"There is no account {iban}." if not found else f"{iban} is held in several currencies.",
        can_do="List the accounts there are, and name the currency.",
    )


def _check_iban(text: str) -> None:
    try:
        identifier.iban(text)
    except NostroError as error:
        raise Invalid(error.code, error.happened, error.did, error.can_do, field="iban") from None


def _known_currency(currency: str) -> None:
    if currency not in EXPONENT:
        raise Invalid(
            "currency_unknown",
            f"{currency!r} is no currency that we know.",
            can_do="Give its three letters, such as EUR.",
            field="currency",
        )


def _taken(what: str, which: str) -> Refused:
    return Refused(
        "code_taken", f"There is a {what} {which} already.", can_do="Use the one there is."
    )
