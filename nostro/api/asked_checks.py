"""What programs and people may ask about checks: enter them, void, stop, decide."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nostro.api.asked import Amount, Asked, Day
from nostro.api.asked_actions import Text
from nostro.domain.check_exception import Decision
from nostro.workflows.check_register import AT_ONCE_MAX, NUMBER_DIGITS_MAX, PAYEE_LINES_MAX

_NO_CONTROLS = r"^[^\x00-\x1f\x7f]*$"
Line = Annotated[str, Field(min_length=1, max_length=140, pattern=_NO_CONTROLS)]
Number = Annotated[str, Field(pattern=f"^[0-9]{{1,{NUMBER_DIGITS_MAX}}}$", examples=["1001"])]


class OneCheck(Asked):
    """One check that was issued."""

    number: Number
    amount: Amount
    payee: list[Line] = Field(min_length=1, max_length=PAYEE_LINES_MAX)
    issued_on: Day
    payee_number: Annotated[str, Field(max_length=140, pattern=_NO_CONTROLS)] = ""


class NewChecks(Asked):
    """Checks of one account: its IBAN, or the number under which its bank knows it. All are
    entered or none; those that are there already, just as they are, change nothing."""

    account: Annotated[str, Field(min_length=1, max_length=60, pattern=_NO_CONTROLS)]
    checks: list[OneCheck] = Field(min_length=1, max_length=AT_ONCE_MAX)


class NewWord(Asked):
    """Why a check is void or stopped."""

    reason: Text


class NewDecision(Asked):
    """Pay a presented check, or have it returned; a reason is always needed."""

    decision: Decision
    reason: Text
