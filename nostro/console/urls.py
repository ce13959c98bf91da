"""The addresses of the console."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from nostro.console.views import (
    approvals,
    cash,
    customers,
    evidence,
    payments,
    preferences,
    sign_in,
    statements,
    today,
    trace,
)

# allauth asks for its addresses by these names (account_...); its other pages are not exposed.
urlpatterns: list[URLPattern | URLResolver] = [
    path("", today.today, name="today"),
    path("cash/", cash.cash, name="cash"),
    path("payments/", payments.payment_list, name="payments"),
    path("payments/<uuid:order_id>/", trace.trace, name="payment"),
    path("payments/<uuid:payment_id>/release/", approvals.release, name="hold_release"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/selection/", approvals.select, name="approvals_selection"),
    path("approvals/approve/", approvals.approve, name="approvals_approve"),
    path("approvals/deny/", approvals.deny, name="approvals_deny"),
    path("statements/", statements.statement_list, name="statements"),
    path("statements/<uuid:statement_id>/", statements.statement, name="statement"),
    path("evidence/<uuid:evidence_id>/", evidence.download, name="evidence"),
    path("customer/", customers.customers, name="customers"),
    path("preferences/", preferences.preferences, name="preferences"),
    path("sign-in/", sign_in.sign_in, name="account_login"),
    path("sign-out/", sign_in.sign_out, name="account_logout"),
    path("sign-in/inactive/", sign_in.inactive, name="account_inactive"),
    path("password/", sign_in.change_password, name="account_change_password"),
]
