"""One payment on the terminal: where it is, what happens next, its files, and all that happened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from nostro import app
from nostro.cli.output_file import quiet_pipe
from nostro.cli.payment_list import plain
from nostro.domain.errors import Refused
from nostro.domain.local_account import spelled

if TYPE_CHECKING:
    from nostro.storage.dossier import Dossier
    from nostro.storage.payment_links import Links
    from nostro.storage.submission_listing import KeptRow
    from nostro.workflows.whereabouts import Place


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is printed; `files` are the bytes kept for each attempt's file."""

    dossier: Dossier
    links: Links
    place: Place
    files: dict[UUID, tuple[KeptRow, ...]]


def show(customer: str, number: str, *, as_json: bool) -> None:
    """Print one payment. Raises Refused when this customer has none of that number."""
    app.start()
    from nostro.cli import customers
    from nostro.storage.tenancy import looking

    with looking(customers.one(customer).id, cleared=False):
        told = _read(number)
    with quiet_pipe():
        if as_json:
            print(json.dumps(_plain(told), indent=1, ensure_ascii=False))
        else:
            for line in _lines(told):
                print(line)


def order_id(number: str) -> UUID:
    """Inside a unit of work: the payment that is meant; raises Refused."""
    from nostro.storage import payment_search

    found = payment_search.id_of(number)
    if found is None:
        raise Refused(
            "payment_unknown",
            f"There is no payment {number} of this customer.",
            can_do="Look for it: nostro payments list TEXT.",
        )
    return found


def _read(number: str) -> Told:
    from nostro.storage.dossier import dossier
    from nostro.storage.payment_links import links
    from nostro.storage.submission_listing import kept
    from nostro.workflows.whereabouts import place

    payment_id = order_id(number)
    found = dossier(payment_id)
    if found is None:
        raise RuntimeError("a payment cannot vanish")
    linked = links(payment_id)
    files = {row.submission_id: kept(row.submission_id) for row in found.attempts}
    return Told(dossier=found, links=linked, place=place(found, linked), files=files)


def _plain(told: Told) -> dict[str, Any]:
    whole = {**plain(told.dossier), **plain(told.links), "place": plain(told.place)}
    whole["files"] = {str(one): plain(rows) for one, rows in told.files.items()}
    return whole


def _lines(told: Told) -> Iterator[str]:
    payment, links = told.dossier.payment, told.links
    amount = f"{payment.amount.grouped()} {payment.amount.currency}"
    yield f"{payment.number}  {amount}  to {payment.creditor_name}  [{_words(payment.state)}]"
    yield told.place.now
    if told.place.next:
        yield f"Next: {told.place.next}"
    yield ""
    yield f"id           {payment.id}"
    yield f"reference    {payment.source_reference} ({payment.source})"
    yield f"account      {spelled(payment.creditor_number)} {payment.creditor_bic}".rstrip()
    yield f"end-to-end   {payment.end_to_end_id}"
    yield f"to be paid   {payment.requested_date}, at the latest {told.dossier.latest_date}"
    for word, other in (("replaces", links.replaces), ("replaced by", links.replaced_by)):
        if other:
            yield f"{word:<12} {other.number} [{_words(other.state)}]"
    yield from _files(told)
    yield from _cases(told)
    yield from _events(told)


def _files(told: Told) -> Iterator[str]:
    for row in told.dossier.attempts:
        yield ""
        said = f"{row.reason} {row.reason_text}".strip()
        yield f"File {row.message_id}  [{_words(row.state)}]  {said}".rstrip()
        for kept in told.files[row.submission_id]:
            size = f"{kept.size_bytes:,} bytes"
            yield f"  {kept.role:<8} {kept.name}  {size}  sha256 {kept.digest}"


def _cases(told: Told) -> Iterator[str]:
    for row in told.links.cases:
        yield ""
        ended = f", resolved {row.resolved_at:%Y-%m-%d}" if row.resolved_at else ""
        yield f"Case {row.kind}, {row.owner}, due {row.due_at:%Y-%m-%d %H:%M}{ended}"
        yield f"  {row.sentence}"


def _events(told: Told) -> Iterator[str]:
    yield ""
    for event in told.dossier.events:
        word = " ".join(
            str(event.data[key]) for key in ("state_after", "text") if event.data.get(key)
        )
        at = f"{event.occurred_at:%Y-%m-%d %H:%M:%S}"
        yield f"{at}  {event.type:<24} {event.actor.name}  {word}".rstrip()


def _words(state: str) -> str:
    return state.replace("_", " ")
