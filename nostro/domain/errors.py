"""Every failure is one of four kinds, named by what must happen next.

Each error a person can see carries a code and three plain sentences: what happened, what we
did about it, and what the reader can do. The same object becomes a console banner, an API
problem document (RFC 9457) and a line on the terminal.
"""

from __future__ import annotations


class NostroError(Exception):
    """An error raised on purpose: code, what happened, what we did, what you can do.

    `location` names where in the input it happened ("line 12, column IBAN"), `field` the field of
    an API body, or of the record that a writer cannot carry, when there is one.
    """

    def __init__(
        self,
        code: str,
        happened: str,
        did: str = "Nothing was changed.",
        can_do: str = "",
        *,
        location: str = "",
        field: str = "",
    ) -> None:
        super().__init__(code, happened)
        self.code = code
        self.happened = happened
        self.did = did
        self.can_do = can_do
        self.location = location
        self.field = field

    def __str__(self) -> str:
        where = f" ({self.location})" if self.location else ""
        sentences = [f"{self.happened}{where}", self.did, self.can_do]
        return " ".join(sentence for sentence in sentences if sentence)


class Invalid(NostroError):
    """The input breaks a rule. Fix the input; trying again cannot help."""


class Refused(NostroError):
    """The other side, or a rule, said no. A person decides."""


class Unavailable(NostroError):
    """The other side surely did not act. Safe to try again, after `retry_after_seconds`."""

    retry_after_seconds: int | None = None


class ConnectionUnfit(Unavailable):
    """The other side surely did not act, and will not before a person mends the connection: a
    secret, key, certificate or setting of it does not serve. What is to be sent waits."""


class InDoubt(NostroError):
    """The other side may have acted. Ask before anything else."""


class NotAllowed(Refused):
    """A state machine has no such move from where the object is."""
