"""The addresses of the console."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from nostro.console.views import (
    approvals,
    bulk,
    cases,
    cash,
    customers,
    evidence,
    payments,
    preferences,
    sign_in,
    statements,
    stops,
    submissions,
    today,
    trace,
)

# allauth asks for its addresses by these names (account_...); its other pages are not exposed.
urlpatterns: list[URLPattern | URLResolver] = [
    path("", today.today, name="today"),
    path("cash/", cash.cash, name="cash"),
    path("payments/", payments.payment_list, name="payments"),
    path("payments/views/", payments.save_view, name="view_save"),
    path("payments/views/<uuid:view_id>/forget/", payments.forget_view, name="view_forget"),
    path("payments/take-back/", bulk.take_back, name="take_back"),
    path("payments/hold/", bulk.hold, name="place_hold"),
    path("payments/<uuid:order_id>/again/", bulk.make_again, name="make_again"),
    path("payments/<uuid:order_id>/", trace.trace, name="payment"),
    path("payments/<uuid:payment_id>/release/", approvals.release, name="hold_release"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("approvals/selection/", approvals.select, name="approvals_selection"),
    path("approvals/approve/", approvals.approve, name="approvals_approve"),
    path("approvals/deny/", approvals.deny, name="approvals_deny"),
    path("files/", submissions.submission_list, name="submissions"),
    path("files/<uuid:submission_id>/", submissions.submission, name="submission"),
    path("files/<uuid:submission_id>/letter/", submissions.letter, name="submission_letter"),
    path("files/<uuid:submission_id>/said/", submissions.state_evidence, name="state_evidence"),
    path(
        "files/<uuid:submission_id>/said/<uuid:stated_id>/confirm/",
        submissions.confirm,
        name="confirm_evidence",
    ),
    path(
        "files/<uuid:submission_id>/said/<uuid:stated_id>/refuse/",
        submissions.refuse,
        name="refuse_evidence",
    ),
    path("cases/", cases.case_list, name="cases"),
    path("cases/<uuid:case_id>/", cases.case_page, name="case"),
    path("cases/<uuid:case_id>/letter/", cases.letter, name="case_letter"),
    path("cases/<uuid:case_id>/<slug:deed>/", cases.work_on, name="case_work"),
    path("stops/", stops.stop_page, name="stops"),
    path("stops/set/", stops.stop, name="stop"),
    path("stops/<uuid:stop_id>/lift/", stops.lift, name="stop_lift"),
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
