"""The step-up: a fresh passkey or code before much is approved, for exactly what is shown."""

from __future__ import annotations

import json
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from nostro.console.views.approvals import told_of
from nostro.console.visiting import Visit, show, signed_in, status_of
from nostro.domain.errors import Invalid, NostroError, Refused
from nostro.domain.money import Money, total
from nostro.domain.policies import step_up as policy
from nostro.storage import orders, proofs, sign_ins
from nostro.storage.orders import OrderRow
from nostro.storage.step_ups import StepUpRow
from nostro.workflows import approval, stepping_up

SHOWN = 8


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the person is asked to agree to: the largest payments stand first."""

    digest: str
    sums: tuple[Money, ...]
    count: int
    largest: tuple[OrderRow, ...]
    minutes: int

    @property
    def more(self) -> int:
        return self.count - len(self.largest)

    @property
    def digest_in_fours(self) -> str:
        return " ".join(self.digest[at : at + 4] for at in range(0, 16, 4))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def step_up(request: HttpRequest, visit: Visit, step_up_id: UUID) -> HttpResponse:
    """What is to be proven, and with a proof the approval itself."""
    row = stepping_up.waiting(visit.acting(), visit.member, step_up_id)
    if request.method != "POST":
        return _page(request, visit, row)
    try:
        _prove(request, visit, row)
        done = approval.approve(
            visit.acting(), visit.member, row.order_ids, row.digest, step_up_id=row.id
        )
    except (Invalid, Refused) as error:
        if error.code != "proof_refused":
            raise
        return _page(request, visit, row, error)
    _under_a_new_key(request)
    banner = told_of(done)
    messages.success(request, " ".join(filter(None, (banner.happened, banner.more))))
    return redirect("approvals")


def _prove(request: HttpRequest, visit: Visit, row: StepUpRow) -> None:
    acting, sent = visit.acting(), request.POST
    if "code" in sent:
        return stepping_up.prove_by_code(acting, visit.member, row.id, sent["code"][:20])
    try:
        credential = json.loads(sent.get("credential", ""))
    except ValueError as error:
        raise proofs.refused() from error
    if not isinstance(credential, dict):
        raise proofs.refused()
    return stepping_up.prove_by_passkey(acting, visit.member, row.id, credential, _host(request))


def _page(
    request: HttpRequest, visit: Visit, row: StepUpRow, error: NostroError | None = None
) -> HttpResponse:
    person_id = UUID(visit.member.id)
    with visit.looking():
        challenge = policy.challenge_of(row.wanted)
        told = {
            "asked": _asked(row, visit),
            "options": proofs.passkey_options(person_id, challenge, _host(request)),
            "factors": sign_ins.factors(person_id),
            "error": error,
        }
        status = status_of(error) if error else HTTPStatus.OK
        return show(request, visit, "step_up.html", told, status=status)


def _asked(row: StepUpRow, visit: Visit) -> Asked:
    found = orders.load(row.order_ids)
    found.sort(key=lambda one: (-one.instruction.amount.minor, one.number))
    return Asked(
        digest=row.digest,
        sums=tuple(total(one.instruction.amount for one in found).values()),
        count=len(found),
        largest=tuple(found[:SHOWN]),
        minutes=max(1, round((row.expires_at - visit.now).total_seconds() / 60)),
    )


def _under_a_new_key(request: HttpRequest) -> None:
    """More was proven than before: a key that somebody planted earlier must not go on with it."""
    before = str(request.session.session_key)
    request.session.cycle_key()
    sign_ins.moved(before, str(request.session.session_key))


def _host(request: HttpRequest) -> str:
    """The name by which the browser reaches us, one of ALLOWED_HOSTS, without the port."""
    return request.get_host().partition(":")[0]
