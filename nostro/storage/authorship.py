"""Who has no say in a payment: its makers, those who changed where its payee is paid, and those
who changed the rules, limits and checks that decide on it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q

from nostro.domain.policies.approval import ApprovalRules, Authorship
from nostro.domain.policies.duplicates import DuplicateRules
from nostro.domain.policies.enrichment import EnrichmentRules
from nostro.domain.policies.payee_checks import PayeeChecks
from nostro.domain.policies.payee_verification import PayeeVerification
from nostro.domain.policies.payment_limits import PaymentLimits
from nostro.domain.policies.routing_rules import RoutingRules
from nostro.domain.policies.screening import ScreeningRules
from nostro.domain.policy import Policy
from nostro.storage import models, queries
from nostro.storage.tenancy import current

# Who is behind one of these has no say in payments while it is in force; see docs/duties.md for
# what is not among them, and why. queries/without_a_say.part.sql says the same.
DECIDING: Final[tuple[type[Policy], ...]] = (
    DuplicateRules,
    EnrichmentRules,
    PayeeChecks,
    PayeeVerification,
    PaymentLimits,
    RoutingRules,
    ScreeningRules,
)


def authors(order_ids: Collection[UUID], now: datetime) -> dict[UUID, Authorship]:
    """The authors of each of these payments. Who answers for a key made what the key made."""
    rows = queries.rows("authors_of_payments", tenant_id=current(), ids=list(order_ids), now=now)
    return {
        row["id"]: Authorship(
            makers=frozenset(row["makers"]),
            payee_account_changed_by=frozenset(row["editors"]),
            rules_changed_by=frozenset(row["lawmakers"]),
        )
        for row in rows
    }


def lawmakers(now: datetime) -> set[str]:
    """Who is behind the policies that decide on payments, as they are and as they will be."""
    requests: set[UUID] = set()
    deciding: tuple[type[Policy], ...] = (ApprovalRules, *DECIDING)
    for policy in deciding:
        rows = models.PolicyVersion.objects.filter(kind=policy.KIND)
        in_force = rows.filter(valid_from__lte=now).order_by("-valid_from", "-version")[:1]
        ids = Q(valid_from__gt=now) | Q(id__in=[row.id for row in in_force])
        found = rows.filter(ids).values_list("request_id", flat=True)
        requests |= {request_id for request_id in found if request_id}
    asked = models.ChangeRequest.objects.filter(id__in=requests)
    people = set(asked.values_list("asked_by", flat=True))
    keys = models.ApiKey.objects.filter(id__in=[one for one in people if _is_id(one)])
    owners = {str(owner) for owner in keys.values_list("owner_id", flat=True)} - {str(None)}
    agreed = models.ChangeAgreement.objects.filter(request__in=asked)
    return people | owners | {str(one) for one in agreed.values_list("person_id", flat=True)}


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
