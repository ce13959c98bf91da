"""What payments are checked against: everything known before them, loaded once for a whole set."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from itertools import starmap

import msgspec

from nostro import connectors
from nostro.domain.party import PayeeAccount
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies.approval import ApprovalRules
from nostro.domain.policies.bank_fees import BankFees
from nostro.domain.policies.duplicates import DuplicateRules, PaidBefore
from nostro.domain.policies.enrichment import EnrichmentRules
from nostro.domain.policies.payee_checks import PayeeChecks, PayeeHistory
from nostro.domain.policies.payee_verification import PayeeVerification
from nostro.domain.policies.payment_limits import DaySums, PaymentLimits
from nostro.domain.policies.positive_pay import PositivePayTerms
from nostro.domain.policies.routing_rules import RoutingRules
from nostro.domain.policies.screening import ScreeningRules
from nostro.storage import approval_rules, day_sums, parties, payee_history, policies
from nostro.storage.day_sums import DayQuestion
from nostro.storage.intake import KnownBefore, Question, take_numbers
from nostro.storage.orders import OrderRow
from nostro.storage.policies import InForce
from nostro.workflows import after_restore, taken_rails
from nostro.workflows.context import Acting
from nostro.workflows.payment_routing import Agreed, Routing, routing_of
from nostro.workflows.planning import Planner
from nostro.workflows.route_quotes import FeesAndDays


class Masters(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known that a run is checked against, loaded once for the whole run."""

    entity_ids: dict[str, str]
    entity_of_number: dict[str, str]
    routing: Routing
    payee_accounts: dict[str, PayeeAccount]
    paid: PaidBefore
    duplicates: DuplicateRules
    known_sources: dict[str, OrderRow]
    taken_end_to_end_ids: set[str]  # Those that these payments ask for, and those we would give.
    customer_code: str
    rules_version: str
    rules: ApprovalRules
    screening: ScreeningRules
    payee_checks: PayeeChecks
    history: PayeeHistory
    sums: DaySums  # What else is paid on the days of these payments.
    verification: PayeeVerification
    can_verify: bool  # Some connection can ask payees' banks for names.
    left_already: after_restore.Left  # What may be these payments, sent and forgotten by a backup.


def masters(
    acting: Acting,
    source: str,
    requests: Sequence[PaymentRequest],
    instead_of: Collection[str],
    *,
    numbered: bool = False,
) -> tuple[list[str], Masters]:
    """Numbers for these payments, unless they have theirs, and what they are checked against."""
    now, count = acting.world.clock.now(), 0 if numbered else len(requests)
    by_iban = _numbers_of_ibans(requests)
    agreed = policies.all_in_force(now)
    duplicates = agreed.of(DuplicateRules)
    known = take_numbers(_question(source, requests, by_iban, duplicates, now, count))
    rules_version, rules = approval_rules.named(agreed.version(ApprovalRules))
    current = known.payee_accounts
    current |= {f"iban:{iban}": current[n] for iban, n in by_iban.items() if n in current}
    found = Masters(
        entity_ids=known.entity_ids,
        entity_of_number={account.number: account.legal_entity_id for account in known.accounts},
        routing=_routing(acting, agreed, known),
        payee_accounts=current,
        paid=PaidBefore(one for one in known.paid if one.number not in instead_of),
        duplicates=duplicates,
        known_sources=known.known_sources,
        taken_end_to_end_ids=known.taken_end_to_end_ids,
        customer_code=known.customer_code,
        rules_version=rules_version,
        rules=rules,
        screening=agreed.of(ScreeningRules),
        payee_checks=agreed.of(PayeeChecks),
        history=_history(agreed, requests, by_iban),
        sums=day_sums.day_sums(
            agreed.of(PaymentLimits), _days(requests, by_iban, now.date(), instead_of)
        ),
        verification=agreed.of(PayeeVerification),
        can_verify=any(starmap(connectors.verification_told, known.connections.values())),
        left_already=after_restore.suspicions(acting) if known.restored else {},
    )
    return [f"PAY-{known.first_number + offset:05d}" for offset in range(count)], found


def _routing(acting: Acting, agreed: InForce, known: KnownBefore) -> Routing:
    codes = {entity_id: code for code, entity_id in known.entity_ids.items()}
    rules = Agreed(
        rules=agreed.version(RoutingRules),
        enrichment=agreed.version(EnrichmentRules),
        checks=agreed.of(PositivePayTerms),
        quotes=FeesAndDays(agreed.of(BankFees), Planner(acting.world)),
    )
    accounts = taken_rails.with_rails(known.accounts, known.connections)
    return routing_of(rules, accounts, codes, acting.world.clock.now().date())


def _history(
    agreed: InForce, requests: Sequence[PaymentRequest], by_iban: dict[str, str]
) -> PayeeHistory:
    asked = [(_payee_number(request, by_iban), request) for request in requests]
    return payee_history.history(asked, agreed.of(PayeeChecks))


def _numbers_of_ibans(requests: Sequence[PaymentRequest]) -> dict[str, str]:
    """Whose account it is, where a source names no payee."""
    return parties.payee_numbers_of_ibans(
        {r.creditor_iban for r in requests if r.payee_number == f"iban:{r.creditor_iban}"}
    )


def _question(
    source: str,
    requests: Sequence[PaymentRequest],
    by_iban: dict[str, str],
    duplicates: DuplicateRules,
    now: datetime,
    count: int,
) -> Question:
    asked = [(_payee_number(request, by_iban), request) for request in requests]
    return Question(
        count=count,
        source=source,
        references={request.source_reference for request in requests},
        end_to_end_ids={request.end_to_end_id for request in requests if request.end_to_end_id},
        payee_numbers={payee for payee, _ in asked},
        asked=asked,
        duplicates=duplicates,
        today=now.date(),
        restored_since=now - after_restore.ASKED_AGAIN_WITHIN,
    )


def _days(
    requests: Sequence[PaymentRequest],
    by_iban: dict[str, str],
    today: date,
    instead_of: Collection[str],
) -> DayQuestion:
    """The days of these payments: one that is over is paid today."""
    return DayQuestion(
        days={max(request.requested_date, today) for request in requests},
        payee_numbers={_payee_number(request, by_iban) for request in requests},
        currencies={request.amount.currency for request in requests},
        today=today,
        apart_from=instead_of,
    )


def _payee_number(request: PaymentRequest, by_iban: dict[str, str]) -> str:
    if request.payee_number == f"iban:{request.creditor_iban}":
        return by_iban.get(request.creditor_iban, request.payee_number)
    return request.payee_number
