"""What programs and people may say of lines: which items they pay, what differs, and why not."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import Field

from nostro.api.asked import Amount, Asked
from nostro.api.asked_actions import Text
from nostro.domain.line_decision import PARTS_MAX
from nostro.domain.match import AdjustmentKind
from nostro.workflows.line_deciding import CONFIRM_MAX

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
_Word = Annotated[str, Field(max_length=70, pattern=_NO_CONTROLS)]


class Settles(Asked):
    """An open item of the line's entity, and how much of it the line settles, in its sign: of a
    credit note less than zero."""

    open_item_id: UUID
    settled: Amount


class Differs(Asked):
    """What is left over, in the line's sign; what is settled and what differs is the line. `code`
    is a reason of the customer, needed unless there is only one of its kind. What is kept on
    account names whose it is."""

    kind: AdjustmentKind
    amount: Amount
    code: _Word = ""
    open_item_id: UUID | None = None
    customer_number: _Word = ""


class Divided(Asked):
    """What a line pays."""

    allocations: list[Settles] = Field(default_factory=list, max_length=PARTS_MAX)
    adjustments: list[Differs] = Field(default_factory=list, max_length=PARTS_MAX)
    note: Annotated[str, Field(max_length=500, pattern=_NO_CONTROLS)] = ""


class WhyWrong(Asked):
    """Why it is wrong; people read it later."""

    reason: Text


class Confirmed(Asked):
    """Proposals to confirm, in this order."""

    proposals: list[UUID] = Field(min_length=1, max_length=CONFIRM_MAX)
