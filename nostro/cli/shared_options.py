"""Options that several commands take: who acts, for which customer, and alone in an emergency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from cyclopts import Parameter


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class AsPerson:
    """Who acts, by his own password.

    Parameters
    ----------
    email
        The address with which the person signs in.
    password_file
        A file with the password, or - for stdin. Without: it is asked for.
    customer
        The code of the customer; not needed where there is only one.
    """

    email: str
    password_file: str = ""
    customer: str = ""

    @property
    def who(self) -> tuple[str, str]:
        return self.email, self.password_file


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Alone:
    """Why, and whether it cannot wait for others.

    Parameters
    ----------
    reason
        Why; it stays in the log.
    break_glass
        For an emergency: do it at once and alone, with an alarm, where two people decide otherwise.
    """

    reason: str = ""
    break_glass: bool = False


UNSAID: Final = Alone()
