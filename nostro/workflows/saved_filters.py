"""Filters of the payments list under a name: each person's own, or one for everybody."""

from __future__ import annotations

from uuid import UUID

from nostro.domain.errors import Refused
from nostro.domain.party import Member
from nostro.domain.policies import working_here
from nostro.storage import events, saved_views
from nostro.storage.saved_views import FOR_EVERYBODY, PAYMENTS, SavedRow
from nostro.storage.tenancy import tenant
from nostro.workflows.context import Acting


def keep(acting: Acting, member: Member, name: str, query: str, *, shared: bool) -> SavedRow:
    """Keep a filter under a name; one of the same name and owner is replaced.

    `query` is the query string of the list. Raises Invalid for an unfit name, Refused when somebody
    who only reads would change what everybody sees.
    """
    if shared:
        working_here.may_change(member)
    owner = FOR_EVERYBODY if shared else member.id
    ids, now = acting.world.ids, acting.world.clock.now()
    with tenant(acting.tenant_id):
        row = saved_views.keep(ids.new(), PAYMENTS, name, query, owner, now)
        _tell(acting, "saved_filter.kept", row)
        return row


def forget(acting: Acting, member: Member, filter_id: UUID) -> SavedRow:
    """Forget one's own filter, or one that is everybody's. Raises Refused for any other."""
    with tenant(acting.tenant_id):
        kept = {row.id: row for row in saved_views.seen_by(PAYMENTS, member.id)}
        row = kept.get(filter_id)
        if row is None:
            raise Refused(
                "saved_filter_unknown",
                "There is no such filter, or it is somebody else's.",
                "Nothing was forgotten.",
                "Reload the list of payments.",
            )
        if row.shared:
            working_here.may_change(member)
        saved_views.forget(filter_id)
        _tell(acting, "saved_filter.forgotten", row)
        return row


def _tell(acting: Acting, kind: str, row: SavedRow) -> None:
    told = {"name": row.name, "shared": row.shared, "query": row.query}
    events.record([acting.event(kind, "saved_filter", row.id, **told)])
