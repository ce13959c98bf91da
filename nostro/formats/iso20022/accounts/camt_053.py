"""Bank statements of the day before: camt.053 of any version, as banks really send it.

ISO 20022 camt.053.001.01 to .14 (BankToCustomerStatement); read by `camt_reader`, written by
`camt_053_writer`.
"""

from __future__ import annotations

from collections.abc import Sequence

from nostro.domain.statement import ReportKind, Statement
from nostro.formats import Format, Profile, options_of
from nostro.formats.iso20022.accounts import camt_053_writer
from nostro.formats.iso20022.accounts.camt_reader import VERSIONS, CamtOptions, reader_of
from nostro.formats.iso20022.xml.messages import identifies

read = reader_of("BkToCstmrStmt", "Stmt", ReportKind.PREVIOUS_DAY)


class StatementOptions(CamtOptions, frozen=True, forbid_unknown_fields=True):
    """As all account messages are read; `version` is that of messages we write."""

    version: str = "camt.053.001.08"


def write(statements: Statement | Sequence[Statement], profile: Profile) -> bytes:
    """Statements as one message valid by its official schema; raises as `camt_053_writer`."""
    version = options_of(profile, StatementOptions).version
    every = (statements,) if isinstance(statements, Statement) else tuple(statements)
    return camt_053_writer.write(every, version, read)


FORMAT = Format(
    name="camt_053",
    media_type="application/xml",
    standard="ISO 20022 camt.053.001.01 to .14",
    identify=identifies("camt.053"),
    versions=VERSIONS,
    options=StatementOptions,
    read=read,
    write=write,
    documents=(Statement,),
    several="list",
    versions_written=VERSIONS,
)
