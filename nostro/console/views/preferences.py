"""How a person likes the console: light or dark, and whether single keys act. Kept in cookies."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

YEAR: Final = 365 * 24 * 3600
CHOICES: Final = {"theme": ("light", "dark"), "keys": ("on", "off")}


@require_POST
def preferences(request: HttpRequest) -> HttpResponse:
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = HttpResponseRedirect(back)
    for name, allowed in CHOICES.items():
        chosen = request.POST.get(name)
        if chosen in allowed:
            # Not HttpOnly: the page's own script switches the theme without a round trip.
            response.set_cookie(
                name, chosen, max_age=YEAR, samesite="Lax", secure=request.is_secure()
            )
    return response
