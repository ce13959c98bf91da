"""What programs may tell of the customers of an entity."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from nostro.api.asked import Asked, Moment

AT_ONCE_MAX: Final = 1_000
ACCOUNTS_MAX: Final = 50
_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_Text = Annotated[str, Field(max_length=140, pattern=_NO_CONTROLS)]
_Name = Annotated[str, Field(min_length=1, max_length=140, pattern=_NO_CONTROLS)]
_Iban = Annotated[str, Field(min_length=1, max_length=42, pattern=_NO_CONTROLS)]


class NewDebtor(Asked):
    """One customer, whole: what is left out is no longer said of him."""

    number: _Name
    name: _Text = ""
    parent_number: _Text = Field(default="", description="The customer who may pay for this one.")
    ibans: list[_Iban] = Field(
        default_factory=list, max_length=ACCOUNTS_MAX, description="The accounts he pays from."
    )
    further_names: list[_Name] = Field(
        default_factory=list, max_length=ACCOUNTS_MAX, description="Other names he pays under."
    )


class NewDebtors(Asked):
    """Customers of one entity as a system sees them at `told_at`; without one: now. Of the same
    customer the latest told counts, in whatever order they come."""

    entity: _Name
    source: _Text = Field(default="", description="The system that tells.")
    told_at: Moment | None = None
    customers: list[NewDebtor] = Field(max_length=AT_ONCE_MAX)
