"""Which customer: a person who works for several chooses one; his session remembers it."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods

from nostro.console.visiting import CUSTOMER_IN_SESSION
from nostro.storage import people


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def customers(request: HttpRequest) -> HttpResponse:
    mine = people.memberships(UUID(str(request.user.pk)))
    wanted = request.POST.get("next", "") or request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        wanted = "/"
    if request.method == "POST":
        chosen = request.POST.get("customer", "")
        if chosen not in {str(row.tenant_id) for row in mine}:
            raise Http404
        request.session[CUSTOMER_IN_SESSION] = chosen
        return HttpResponseRedirect(wanted)
    return render(request, "console/customers.html", {"memberships": mine, "next": wanted})
