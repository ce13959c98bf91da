"""The demo's company set up: the group, its accounts, people, payees, rates and its bank.

Everything here may be repeated: what is there already stays as it is.
"""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import msgspec

from nostro import app
from nostro.cli import demo_data
from nostro.cli.demo_data import MasterData
from nostro.domain.event import Actor
from nostro.domain.money import Money
from nostro.domain.party import Account, LegalEntity, Member, PayeeAccount, PostalAddress, Role
from nostro.domain.payee import VersionOrigin, VersionSource
from nostro.domain.payment import PaymentRequest
from nostro.ops.demo_bank import DemoBank
from nostro.ops.secrets import FileSecrets
from nostro.storage import parties, people
from nostro.storage.tenancy import tenant
from nostro.workflows import payment_intake
from nostro.workflows.context import Acting, World

CUSTOMER_CODE = "VESTERHOLT"
PARTNER = "Alder Integration"
ERP_CONNECTION = "ERP postings folder"
BATCH_CONNECTION = "Sample bank that books in batches (ours)"
BATCH_ACCOUNT = "Werke sample account, booked in batches (ours)"
BATCH_IBAN = "DE75512108001245126199"


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """The demo's customer and who works for it, by the role that the story gives them."""

    tenant_id: UUID
    data: MasterData
    members: dict[str, Member]
    home: Path

    def acting(self, world: World, name: str) -> Acting:
        member = self.members[name]
        actor = Actor(kind="person", id=member.id, name=member.name)
        return Acting(tenant_id=self.tenant_id, actor=actor, world=world)

    @property
    def maker(self) -> Member:
        """Who makes the payments; he is an approver too, and still may not approve his own."""
        return next(member for member in self.members.values() if Role.MAKER in member.roles)

    @property
    def approvers(self) -> list[Member]:
        """Two people who made nothing."""
        return [
            member
            for member in self.members.values()
            if Role.APPROVER in member.roles and Role.MAKER not in member.roles
        ]


def demo_home() -> Path:
    return app.configuration().home / "demo"


def password() -> str:
    """The one password of the demo's people, made anew for each installation."""
    return FileSecrets(app.configuration().secrets_home).read_or_make("demo_password")


def open_bank(data: MasterData) -> DemoBank:
    """The demo's bank, started where it stood, with our accounts and the closed one."""
    secrets = FileSecrets(app.configuration().secrets_home)
    bank = DemoBank(
        demo_home() / "bank",
        start_at=data.starts_at,
        password=secrets.read_or_make("demo_bank_password"),
    )
    bank.start()
    bank.close_seeded_accounts()
    for account in data.accounts:
        bank.add_account(
            account.bank_id, name=account.name, iban=account.iban, opening=account.opening()
        )
    for closed in data.closed_accounts:
        bank.add_account(
            closed.bank_id,
            name=closed.name,
            iban=closed.iban,
            opening=Money(0, closed.currency),
            closed=True,
        )
    return bank


def find() -> UUID | None:
    """The demo's customer, if it was set up before."""
    found = (row.id for row in parties.customers() if row.code == CUSTOMER_CODE)
    return next(found, None)


def set_up(world: World, bank: DemoBank, data: MasterData) -> Company:
    """Make the customer with all its master data, or find it; the bank's address is renewed."""
    tenant_id = find()
    if tenant_id is None:
        tenant_id = _create(world, bank, data)
    _renew_bank_address(tenant_id, world, bank, data)
    members = {}
    for person in data.people:
        person_id = people.person_of_email(person.email)
        if person_id is None:
            raise RuntimeError(f"{person.email} was set up but is not there")
        members[person.name] = people.member(tenant_id, person_id)
    return Company(tenant_id=tenant_id, data=data, members=members, home=demo_home())


def _create(world: World, bank: DemoBank, data: MasterData) -> UUID:
    """All of it in one transaction: a demo killed here starts again from nothing."""
    customer_id = world.ids.new()
    partner_id = parties.create_partner(world.ids.new(), PARTNER)
    for folder in ("erp", "sample-bank/to-bank", "sample-bank/from-bank"):
        (demo_home() / folder).mkdir(parents=True, exist_ok=True)
    with tenant(customer_id):
        parties.create_customer(customer_id, partner_id, name=data.group, code=CUSTOMER_CODE)
        _people(world, data)
        entities = _entities(world, data)
        _accounts(world, data, entities)
        _payees(world, data)
        for rate in data.rates:
            parties.add_rate(
                world.ids.new(),
                rate.currency,
                rate.functional_currency,
                rate.day,
                rate.rate,
                "the ERP's rates",
            )
        _history(world, customer_id, data)
    return customer_id


def _people(world: World, data: MasterData) -> None:
    now = world.clock.now()
    for person in data.people:
        person_id = people.person_of_email(person.email)
        if person_id is None:
            person_id = world.ids.new()
            people.create_person(
                person_id, email=person.email, name=person.name, password=password(), now=now
            )
        people.grant(world.ids.new(), person_id, person.roles)


def _entities(world: World, data: MasterData) -> dict[str, str]:
    ids = {}
    for entity in data.entities:
        ids[entity.code] = str(world.ids.new())
        parties.create_entity(
            LegalEntity(
                id=ids[entity.code],
                code=entity.code,
                name=entity.name,
                address=entity.address,
                functional_currency=entity.functional_currency,
                receivables_account=entity.receivables,
            )
        )
    return ids


def _accounts(world: World, data: MasterData, entities: dict[str, str]) -> None:
    bank_id, batch_id = _connections(world, data)
    for account in data.accounts:
        parties.create_account(
            Account(
                id=str(world.ids.new()),
                legal_entity_id=entities[account.entity],
                connection_id=str(bank_id),
                name=account.name,
                iban=account.iban,
                bic=account.bic,
                currency=account.currency,
                ledger_account=account.ledger_account,
                clearing_account=account.clearing_account,
            )
        )
    parties.create_account(
        Account(
            id=str(world.ids.new()),
            legal_entity_id=entities[data.accounts[0].entity],
            connection_id=str(batch_id),
            name=BATCH_ACCOUNT,
            iban=BATCH_IBAN,
            bic="",
            currency="EUR",
            ledger_account="113900",
            clearing_account="113905",
        )
    )


def _connections(world: World, data: MasterData) -> tuple[UUID, UUID]:
    """The bank's, the sample bank's and the ERP's; returns the two that have accounts."""
    bank_id, batch_id, erp_id = (world.ids.new() for _ in range(3))
    home = demo_home()
    parties.create_connection(
        bank_id, data.connection.name, data.connection.connector, {}, world.clock.now()
    )
    parties.create_connection(
        batch_id,
        BATCH_CONNECTION,
        "host_folder",
        {
            "drop_folder": str(home / "sample-bank/to-bank"),
            "pickup_folder": str(home / "sample-bank/from-bank"),
        },
    )
    parties.create_connection(
        erp_id, ERP_CONNECTION, "erp_folder", {"outbox_folder": str(home / "erp")}
    )
    return bank_id, batch_id


def _payees(world: World, data: MasterData) -> None:
    for payee in data.payees:
        payee_id = world.ids.new()
        parties.add_payee(payee_id, payee.number, payee.name)
        for version in payee.accounts:
            parties.add_payee_account(
                PayeeAccount(
                    id=str(world.ids.new()),
                    payee_id=str(payee_id),
                    payee_number=payee.number,
                    payee_name=payee.name,
                    version=version.version,
                    iban=version.iban,
                    bic=version.bic,
                    valid_from=version.valid_from,
                    changed_by=version.changed_by,
                    confirmed=version.confirmed,
                ),
                origin=VersionOrigin(source=VersionSource.TERMINAL, detail="the demo's payees"),
            )


def _history(world: World, customer_id: UUID, data: MasterData) -> None:
    """Payments made before nostro came: duplicate checks need them."""
    names = {payee.number: payee.name for payee in data.payees}
    acting = Acting(
        tenant_id=customer_id,
        actor=Actor(kind="job", id="import", name="ERP history"),
        world=world,
    )
    payment_intake.import_history(
        acting,
        "erp",
        [
            PaymentRequest(
                source_reference=f"{paid.run_id}/{paid.item}",
                entity_code=paid.company_code,
                amount=paid.money(),
                payee_number=paid.payee_number,
                payee_name=names[paid.payee_number],
                payee_address=PostalAddress(town="unknown", country=paid.iban[:2]),
                creditor_iban=paid.iban,
                requested_date=paid.paid_on,
                invoices=paid.invoices,
            )
            for paid in data.paid
        ],
    )


def _renew_bank_address(tenant_id: UUID, world: World, bank: DemoBank, data: MasterData) -> None:
    """The bank may listen on another port after a restart."""
    with tenant(tenant_id):
        row = next(c for c in parties.connections() if c.name == data.connection.name)
        parties.configure_connection(
            row.id,
            {
                "base_url": bank.base_url,
                "user": bank.user,
                "account_ids": [account.bank_id for account in data.accounts],
                "profile": data.connection.profile,
            },
        )
        world.secrets.write(f"connection.{row.id}.password", bank.password)


def sign_ins() -> list[tuple[str, str, str]]:
    """Who can sign in to the demo: address, password, roles."""
    return [
        (person.email, password(), ", ".join(person.roles))
        for person in demo_data.master_data().people
    ]
