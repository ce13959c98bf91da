"""Doing something and showing what came of it: the deed is one unit of work, the page another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

import msgspec
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from nostro.console.visiting import by_htmx
from nostro.domain.errors import Invalid, NostroError, Refused, Unavailable

CHOSEN_MAX = 500


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """Whether it was done, or why not; what a workflow refuses is undone whole."""

    error: NostroError | None = None

    @property
    def done(self) -> bool:
        return self.error is None


def tried(work: Callable[[], object]) -> Tried:
    """Do it in the workflow's own unit of work; only what people can mend is caught."""
    try:
        work()
    except (Invalid, Refused, Unavailable) as error:
        return Tried(error=error)
    return Tried()


def then(request: HttpRequest, address: str, said: str) -> HttpResponse:
    """Say what was done, on the page that follows."""
    messages.success(request, said)
    if by_htmx(request):
        return HttpResponse(headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def chosen_ids(sent: Sequence[str]) -> list[UUID]:
    """The payments that a browser ticked, each once; raises Invalid for anything else."""
    if not sent or len(sent) > CHOSEN_MAX:
        raise Invalid(
            "nothing_chosen" if not sent else "too_many_chosen",
            f"{len(sent)} payments were chosen; it takes 1 to {CHOSEN_MAX}.",
            "Nothing was changed.",
            "Go back and tick the payments that it is about.",
        )
    try:
        return list(dict.fromkeys(UUID(text.partition(":")[0]) for text in sent))
    except ValueError as error:
        raise Invalid(
            "choice_unreadable",
            "The choice that was sent is not a payment.",
            "Nothing was changed.",
            "Reload the page and choose again.",
        ) from error
