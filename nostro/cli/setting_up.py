"""A customer set up on the terminal, from nothing to one that can pay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console
from rich.table import Table

from nostro import app
from nostro.cli import terminal
from nostro.domain.errors import Invalid, Refused
from nostro.domain.identifier import compact
from nostro.domain.local_account import local_account
from nostro.domain.party import Account, LegalEntity, PostalAddress, Role

if TYPE_CHECKING:
    from nostro.cli.shared_options import Alone
    from nostro.workflows.context import Acting


def add_customer(code: str, name: str, partner: str) -> None:
    world = app.start()
    from nostro.storage import schema
    from nostro.workflows import setting_up

    if not schema.is_current():
        app.migrate()
    customer_id = setting_up.found_customer(world, terminal.actor(), code, name, partner)
    print(f"{code} is there ({customer_id}).")


def list_customers() -> None:
    app.start()
    from nostro.storage import parties

    for row in parties.customers():
        print(f"{row.code:16} {row.name}")


def add_person(
    customer: str, email: str, name: str, roles: Sequence[str], password_file: str, alone: Alone
) -> None:
    acting = terminal.acting(customer)
    from nostro.cli import deciding
    from nostro.storage.tenancy import tenant
    from nostro.workflows import at_terminal, setting_up
    from nostro.workflows.changes.membership import WantedMembership
    from nostro.workflows.granted import WantedGrant

    wanted = [_role(word) for word in roles]
    password = terminal.secret_text("password", password_file)
    grants = tuple(WantedGrant(role=role) for role in wanted)
    wish = deciding.wish("membership", WantedMembership(person=email, grants=grants), alone)
    with tenant(acting.tenant_id):
        setting_up.join(acting, email, name, password)
        outcome = at_terminal.change(
            acting,
            wish,
            lambda there: setting_up.add_person(there, email, name, password, wanted),
        )
    may = ", ".join(wanted) if outcome.is_made else "nothing yet"
    print(f"{name} may sign in as {email}: {may}.")
    deciding.tell(outcome)


def invite_person(customer: str, email: str, name: str, roles: Sequence[str]) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import inviting

    token = inviting.invite(acting, None, email, name, [_role(word) for word in roles])
    chosen = app.configuration()
    at = (
        f"https://{chosen.public_host}" if chosen.public_host else f"http://localhost:{chosen.port}"
    )
    print(f"Pass this link on to {name}; it counts once, for seven days:")
    print(f"{at}/join/{token}/")


def recover_person(email: str, password_file: str) -> None:
    world = app.start()
    from nostro.workflows import recovering_access

    password = terminal.secret_text("password", password_file)
    recovering_access.begin_anew(world, email, password, terminal.actor())
    print(f"{email} signs in by the new password alone, and is signed out everywhere.")


def connect_provider(
    customer: str,
    told: tuple[str, str, str],
    groups: tuple[Sequence[str], str],
    alone: Alone,
    *,
    newcomers: bool,
) -> None:
    acting = terminal.acting(customer)
    from nostro.cli import deciding
    from nostro.connectors.openid import Provider
    from nostro.workflows import single_sign_on
    from nostro.workflows.changes import sign_on
    from nostro.workflows.changes.group_roles import WantedGroup

    issuer, client_id, client_secret = told
    pairs = terminal.pairs(groups[0], "group")
    mapped = tuple(WantedGroup(group=group, role=_role(word)) for group, word in pairs)
    wanted = sign_on.wanted(acting, issuer, client_id, groups=mapped, groups_claim=groups[1])
    wanted = msgspec.structs.replace(wanted, newcomers=newcomers)
    wish = deciding.wish("sign_on", wanted, alone)
    outcome = deciding.decided(
        acting,
        msgspec.structs.replace(wish, secrets={sign_on.CLIENT_SECRET: client_secret}),
        lambda there: single_sign_on.connect(
            there,
            Provider(issuer=issuer, client_id=client_id, client_secret=client_secret),
            groups_claim=wanted.groups_claim,
            group_roles=wanted.roles,
            just_in_time=newcomers,
        ),
    )
    if outcome.is_made:
        print(f"People may sign in by {issuer} from now on.")


def add_entity(
    customer: str,
    code: str,
    name: str,
    address: Mapping[str, str],
    currency: str,
    receivables_account: str,
) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import setting_up

    entity = LegalEntity(
        id=str(acting.world.ids.new()),
        code=code,
        name=name,
        address=PostalAddress(**address),
        functional_currency=currency,
        receivables_account=receivables_account,
    )
    setting_up.add_entity(acting, entity)
    print(f"{code} is there: {name}.")


def add_account(
    customer: str, iban: str, entity: str, connection: str, words: Mapping[str, str]
) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import connecting, setting_up

    account = Account(
        id=str(acting.world.ids.new()),
        legal_entity_id=_entity(acting, entity),
        connection_id=str(connecting.named(acting, connection).id),
        iban="" if ":" in iban else compact(iban),
        local_account=local_account(iban) if ":" in iban else "",
        takes=None,
        **words,
    )
    setting_up.add_account(acting, account)
    print(f"{account.number} {account.currency} is there, reached by {connection}.")


def list_accounts(customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.storage import parties
    from nostro.storage.tenancy import tenant

    table = Table("account", "currency", "name", "entity", "connection")
    with tenant(acting.tenant_id):
        names = {str(row.id): row.name for row in parties.connections()}
        codes = {row.id: row.code for row in parties.entities()}
        for row in parties.accounts():
            entity, connection = codes[row.legal_entity_id], names[row.connection_id]
            table.add_row(row.number, row.currency, row.name, entity, connection)
    Console().print(table)


def attach_account(customer: str, iban: str, currency: str, connection: str, reason: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import setting_up

    setting_up.attach_account(acting, iban, currency, connection, reason)
    print(f"{compact(iban)} is reached by {connection} from now on.")


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise Invalid(
            "role_unknown",
            f"There is no role {word}.",
            can_do=f"Roles: {', '.join(Role)}.",
            field="role",
        ) from None


def _entity(acting: Acting, code: str) -> str:
    from nostro.storage import parties
    from nostro.storage.tenancy import tenant

    with tenant(acting.tenant_id):
        found = parties.entities()
    for row in found:
        if row.code == code:
            return row.id
    raise Refused(
        "entity_unknown",
        f"There is no legal entity {code}.",
        can_do=f"There are: {', '.join(row.code for row in found) or 'none yet'}.",
    )
