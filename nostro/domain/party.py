"""Who pays and who is paid: customer, legal entity, account, payee and the payee's accounts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from nostro.domain.money import Money


class PostalAddress(msgspec.Struct, frozen=True, kw_only=True):
    """A structured address (ISO 20022 PostalAddress24). Town and country are always needed."""

    street: str = ""
    building: str = ""
    post_code: str = ""
    town: str = ""
    country: str = ""


class LegalEntity(msgspec.Struct, frozen=True, kw_only=True):
    """One company of the customer's group; `code` is what its ERP calls it."""

    id: str
    code: str
    name: str
    address: PostalAddress
    functional_currency: str
    receivables_account: str


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One of the customer's own bank accounts, with the connection that reaches its bank.

    It has an IBAN, or is a `local_account` as nostro.domain.local_account writes it. `takes` are
    the rails by which that connection takes payments, None where nobody looked or can say.
    """

    id: str
    legal_entity_id: str
    connection_id: str
    name: str
    iban: str
    bic: str
    currency: str
    ledger_account: str
    clearing_account: str
    local_account: str = ""
    takes: frozenset[str] | None = None

    @property
    def number(self) -> str:
        """What names the account, whichever it is."""
        return self.iban or self.local_account


class PayeeAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the bank details of a payee; a change makes a new version.

    `valid_from` is when this version became known; `changed_by` is a person or a source system.
    It has an IBAN, or is a `local_account` as nostro.domain.local_account writes it.
    """

    id: str
    payee_id: str
    payee_number: str
    payee_name: str
    version: int
    iban: str
    bic: str
    valid_from: datetime
    changed_by: str
    confirmed: bool
    local_account: str = ""

    @property
    def number(self) -> str:
        """What names the account, whichever it is."""
        return self.iban or self.local_account


class Role(StrEnum):
    """What a person is for one customer. What each role may do stands in nostro.domain.duties."""

    MAKER = "maker"  # Makes payments.
    APPROVER = "approver"  # Agrees to them.
    RELEASER = "releaser"  # Lets go what is held or stopped.
    TREASURER = "treasurer"  # Looks after the cash: approves, stops, asks banks.
    RECONCILER = "reconciler"  # Explains what the bank booked.
    INTEGRATOR = "integrator"  # Joins systems.
    AUDITOR = "auditor"  # Reads everything and changes nothing.
    ADMINISTRATOR = "administrator"  # Asks for access and decides on what others ask for.
    PARTNER_ADMINISTRATOR = "partner_administrator"  # Asks for access on the partner's side.


class Action(StrEnum):
    """One thing that is allowed or not. Policies ask `duties.may(member, action)`."""

    READ = "read"
    READ_LOG = "read_log"
    MAKE_PAYMENTS = "make_payments"
    HOLD_PAYMENTS = "hold_payments"
    TAKE_BACK_PAYMENTS = "take_back_payments"
    APPROVE_PAYMENTS = "approve_payments"
    RELEASE_PAYMENTS = "release_payments"
    STOP_PAYMENTS = "stop_payments"
    STATE_EVIDENCE = "state_evidence"
    PROPOSE_PAYEES = "propose_payees"
    DECIDE_PAYEES = "decide_payees"
    WORK_ON_CASES = "work_on_cases"
    END_DOUBTS = "end_doubts"
    INTEGRATE = "integrate"
    PROPOSE_ACCESS = "propose_access"
    DECIDE_ACCESS = "decide_access"
    BREAK_GLASS = "break_glass"
    TAKE_EVIDENCE = "take_evidence"
    MATCH_LINES = "match_lines"


class Grant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One role that a person holds, and how far it reaches.

    Empty means everywhere: `entity_id` and `account_id` narrow it to one of them, `up_to` to single
    amounts of that currency and no more, `actions` to some of what the role may do. `until` ends
    it. `on_behalf_of` is the person whom it stands in for, `break_glass` the opening it is due to.
    `cleared`: who holds it is shown confidential payments (nostro.domain.policies.confidential).
    """

    role: Role
    entity_id: str = ""
    account_id: str = ""
    up_to: Money | None = None
    actions: frozenset[Action] = frozenset()
    until: datetime | None = None
    on_behalf_of: str = ""
    break_glass: str = ""
    cleared: bool = False

    @property
    def everywhere(self) -> bool:
        """Whether nothing narrows where it reaches, how much, or what."""
        return not (self.entity_id or self.account_id or self.up_to or self.actions)

    @property
    def lasting(self) -> bool:
        """Whether it is held for good, and not in somebody's place."""
        return self.until is None and not self.on_behalf_of


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person acting for one customer. `is_person` is false for an API key or a job.

    `grants` say how far each role reaches; without any, each role is held everywhere.
    """

    id: str
    name: str
    roles: frozenset[Role]
    is_person: bool = True
    grants: tuple[Grant, ...] = ()

    def __post_init__(self) -> None:
        if self.grants and {grant.role for grant in self.grants} != self.roles:
            raise ValueError("the roles of a member are those of its grants")

    @property
    def held(self) -> tuple[Grant, ...]:
        """Every role with its reach."""
        return self.grants or tuple(Grant(role=role) for role in sorted(self.roles))

    @property
    def break_glass(self) -> str:
        """The opening of the glass under which this member acts, or ""."""
        return next((grant.break_glass for grant in self.held if grant.break_glass), "")
