"""Who somebody is, by address and password; the console's sign-in asks the same table."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.hashers import check_password, make_password

from nostro.domain.errors import Refused
from nostro.storage import models


def person_with(email: str, password: str) -> UUID:
    """The person whose address and password these are; raises Refused, in the same time for an
    unknown address as for a wrong password."""
    row = models.Person.objects.filter(email=email.strip().lower(), is_active=True).first()
    kept = row.password if row else make_password("nobody")
    if not check_password(password, kept) or row is None:
        raise Refused(
            "sign_in_refused",
            "This address and this password do not belong together.",
            can_do="Check both; a person is added with `nostro people add`.",
        )
    return row.id
