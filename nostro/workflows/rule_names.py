"""What people may name in a rule, and the ids behind it."""

from __future__ import annotations

from uuid import UUID

from nostro.domain.policies.approval_words import Names
from nostro.storage import parties, people

NO_NAMES = Names(entities={}, accounts={}, people={})


def known_names() -> Names:
    """Entities, accounts and people of the customer; inside a unit of work."""
    found = people.everybody()
    addresses = people.emails(UUID(one.id) for one in found)
    return Names(
        entities={row.code: row.id for row in parties.entities()},
        accounts={row.iban: row.id for row in parties.accounts()},
        people={addresses[one.id]: one.id for one in found if one.id in addresses},
    )
