"""The company's own sign-in service, for programs that review access: as it is, and tried out.

Its secret never comes through here, for a request to the API is kept to be answered again.
"""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router

from nostro.api.callers import allowed
from nostro.api.told import Listed
from nostro.api.told_access import SignOn, SignOnLooked, told_sign_on
from nostro.domain.policies import change_rights
from nostro.storage.keys import Scope
from nostro.workflows import sign_on_standing, sign_on_trial

# No unit of work around its operations: one of them asks somebody over the network.
router = Router(tags=["access"])


@router.get("/sign-on", response=SignOn, summary="How people sign in by the company's service")
def read_sign_on(request: HttpRequest) -> SignOn:
    caller = allowed(request, Scope.ACCESS_READ)
    if caller.member:
        change_rights.may_look(caller.member)
    return told_sign_on(sign_on_standing.standing(caller.acting()))


@router.post(
    "/sign-on/test",
    response=Listed[SignOnLooked],
    summary="Ask the service whether it is there and knows us; nobody is signed in",
)
def test_sign_on(request: HttpRequest) -> Listed[SignOnLooked]:
    caller = allowed(request, Scope.ACCESS_ASK)
    found = sign_on_trial.tried(caller.acting(), caller.member)
    items = [SignOnLooked.model_validate(one) for one in found]
    return Listed[SignOnLooked](items=items, next=None)
