"""What banks said of payees' names, held against payments that come in or are changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from nostro.domain.party import PayeeAccount
from nostro.domain.payment import PaymentRequest
from nostro.domain.policies import payee_verification as policy
from nostro.domain.policies.checks import Finding
from nostro.domain.policies.payee_verification import PayeeVerification
from nostro.storage import payee_verifications, policies


class NameAnswers:
    """The answers about the accounts of these payees, for a set of payments; inside a unit of
    work. Where no bank was asked, the policy is not read either."""

    def __init__(self, accounts: Iterable[PayeeAccount], now: datetime) -> None:
        ids = {UUID(account.id) for account in accounts}
        longest = now - timedelta(days=policy.DAYS_MAX)
        self._said = payee_verifications.since(ids, longest) if ids else []
        self._rules = (
            policies.in_force(PayeeVerification, now) if self._said else PayeeVerification()
        )
        self._now = now

    def of_request(
        self, request: PaymentRequest, payee: PayeeAccount | None
    ) -> tuple[Finding, ...]:
        """Why the payment waits; nothing where it does not pay to the account that was asked of."""
        if not self._said or payee is None or payee.iban != request.creditor_iban:
            return ()
        told = request.payee_name
        one = policy.answer_for(self._said, payee.id, told, self._rules, self._now)
        found = policy.finding(one, self._rules)
        return (found,) if found else ()
