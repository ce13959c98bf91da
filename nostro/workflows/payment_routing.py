"""The way that a payment is proposed to take: by the customer's rules in force, else the standard.

Who asks loads the rules once for all payments of a unit of work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec

from nostro.domain.dry_run import DryRun
from nostro.domain.party import Account
from nostro.domain.payment import PaymentRequest, Rail, Route
from nostro.domain.policies import routing as standard
from nostro.domain.policies import routing_rules, routing_words
from nostro.domain.policies.bank_fees import BankFees
from nostro.domain.policies.enrichment import EnrichmentRules, added, said
from nostro.domain.policies.positive_pay import PositivePayTerms
from nostro.domain.policies.routing_rules import RoutingRules
from nostro.domain.policy import Version
from nostro.domain.rules.expression import Facts
from nostro.domain.rules.payment_facts import facts_of
from nostro.storage import parties, policies
from nostro.storage.orders import OrderRow
from nostro.workflows import taken_rails
from nostro.workflows.context import Acting
from nostro.workflows.past_comparison import compared
from nostro.workflows.planning import Planner
from nostro.workflows.route_quotes import FeesAndDays


class Agreed(msgspec.Struct, frozen=True, kw_only=True):
    """The policies that a way hangs on."""

    rules: Version[RoutingRules]
    enrichment: Version[EnrichmentRules]
    checks: PositivePayTerms
    quotes: FeesAndDays


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """Rules, and what they are asked with. `accounts` are those of each entity, by its id."""

    version: Version[RoutingRules]
    accounts: Mapping[str, Sequence[Account]]
    codes: Mapping[str, str]  # Of entities, by id.
    own: frozenset[str]
    today: date
    enrichment: Version[EnrichmentRules]
    check_accounts: frozenset[str]  # Those whose checks payments draw.
    quotes: FeesAndDays

    def leaving(self, request: PaymentRequest, entity_id: str) -> Sequence[Account]:
        """The accounts of an entity that could pay it: a check needs one that draws checks."""
        accounts = self.accounts.get(entity_id, ())
        if request.rail is not Rail.CHECK:
            return accounts
        return [account for account in accounts if account.id in self.check_accounts]

    def facts(self, request: PaymentRequest, entity_id: str, source: str) -> Facts:
        return facts_of(
            request,
            entity=self.codes.get(entity_id, ""),
            source=source,
            own=self.own,
            today=self.today,
        )

    def propose(self, request: PaymentRequest, entity_id: str, source: str) -> Route | None:
        """The route for one payment of an entity, or None when none fits."""
        accounts = self.leaving(request, entity_id)
        is_asked = self.version.content.rules or self.enrichment.content.rules
        facts = self.facts(request, entity_id, source) if is_asked else {}
        route = routing_rules.propose(request, accounts, self.version, facts, self.quotes)
        if route is None:
            return None
        return msgspec.structs.replace(
            route,
            asked_for=bool(request.debit_iban),
            added=added(self.enrichment, facts) if self.enrichment.content.rules else None,
            wishes=request.wishes,
            to_person=request.to_person,
        )

    def why_none(self, request: PaymentRequest, entity_id: str) -> tuple[str, str]:
        """Why none fits, as a code and in words."""
        if request.rail is Rail.CHECK and not self.leaving(request, entity_id):
            sentence = "No account of this entity draws checks: its positive pay has no numbers."
            return "no_check_account", sentence
        return standard.why_none(request, self.leaving(request, entity_id))


def routing_of(
    agreed: Agreed, accounts: Sequence[Account], codes: Mapping[str, str], today: date
) -> Routing:
    owned: dict[str, list[Account]] = {}
    for account in accounts:
        owned.setdefault(account.legal_entity_id, []).append(account)
    return Routing(
        version=agreed.rules,
        accounts=owned,
        codes=codes,
        own=frozenset(account.number for account in accounts),
        today=today,
        enrichment=agreed.enrichment,
        check_accounts=frozenset(one.account_id for one in agreed.checks.accounts if one.draws),
        quotes=agreed.quotes,
    )


def in_force(acting: Acting) -> Routing:
    """As it counts now, with all accounts; inside a unit of work."""
    now = acting.world.clock.now()
    agreed = _agreed(policies.version_in_force(RoutingRules, now), now, Planner(acting.world))
    return routing_of(agreed, taken_rails.accounts(), _codes(), now.date())


def _agreed(rules: Version[RoutingRules], now: datetime, planner: Planner | None) -> Agreed:
    return Agreed(
        rules=rules,
        enrichment=policies.version_in_force(EnrichmentRules, now),
        checks=policies.in_force(PositivePayTerms, now),
        quotes=FeesAndDays(policies.in_force(BankFees, now), planner),
    )


def asked(row: OrderRow, codes: Mapping[str, str]) -> PaymentRequest:
    """A payment as its source asked for it, as far as its way hangs on that."""
    told = row.instruction
    return PaymentRequest(
        source_reference=row.source_reference,
        entity_code=codes.get(str(row.entity_id), ""),
        amount=told.amount,
        payee_number=row.payee_number,
        payee_name=told.creditor_name,
        payee_address=told.creditor_address,
        creditor_iban=told.creditor_iban,
        creditor_account=told.creditor_account,
        creditor_bic=told.creditor_bic,
        requested_date=told.requested_date,
        invoices=row.invoices,
        remittance=told.remittance,
        creditor_reference=told.creditor_reference,
        debit_iban=row.route.as_approved().debtor_number if row.route.asked_for else "",
        confidential=row.confidential,
        rail=row.route.as_approved().rail if row.route.rail_asked_for else None,
        to_person=row.route.to_person or row.route.as_approved().rail is Rail.ACH_PPD,
        wishes=row.route.wishes,
    )


def dry_run(acting: Acting, rules: RoutingRules, since: datetime) -> DryRun:
    """Which payments taken in since a moment would have been proposed another way by these rules.

    Each is asked about as on the day it was wanted: how far ahead it was is not known any more. A
    rule that chooses the cheapest way looks at costs as they are now, and at no cut-offs.
    """
    codes, accounts, now = _codes(), taken_rails.accounts(), acting.world.clock.now()
    names = {account.id: account.name for account in accounts}
    version = Version(number=0, content=rules, valid_from=None, changed_by="", reason="")
    routing = routing_of(_agreed(version, now, None), accounts, codes, since.date())

    def judge(row: OrderRow) -> tuple[str, str] | None:
        before = row.route.as_approved()
        dated = msgspec.structs.replace(routing, today=row.instruction.requested_date)
        after = dated.propose(asked(row, codes), str(row.entity_id), row.source)
        if after and (after.way(), after.charge_bearer) == (before.way(), before.charge_bearer):
            return None
        told = f"{routing_words.told(after, names)} ({after.rule})" if after else "no way fits"
        return routing_words.told(before, names), told

    return compared(acting, since, judge)


def dry_run_of_additions(acting: Acting, rules: EnrichmentRules, since: datetime) -> DryRun:
    """To which payments taken in since a moment these rules would have added something else. The
    purposes that a source gave itself stay, as they would have."""
    now, codes = acting.world.clock.now(), _codes()
    agreed = _agreed(policies.version_in_force(RoutingRules, now), now, None)
    routing = routing_of(agreed, taken_rails.accounts(), codes, since.date())
    version = Version(number=0, content=rules, valid_from=None, changed_by="", reason="")

    def judge(row: OrderRow) -> tuple[str, str] | None:
        dated = msgspec.structs.replace(routing, today=row.instruction.requested_date)
        facts = dated.facts(asked(row, codes), str(row.entity_id), row.source)
        before, after = said(row.route.added), said(added(version, facts))
        return None if before == after else (before, after)

    return compared(acting, since, judge)


def _codes() -> dict[str, str]:
    return {entity.id: entity.code for entity in parties.entities()}
