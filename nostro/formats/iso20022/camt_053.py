"""Bank statements of the day before: camt.053 of any version, as banks really send it.

ISO 20022 camt.053.001.01 to .14 (BankToCustomerStatement); read by `camt_reader`.
"""

from __future__ import annotations

from nostro.domain.statement import ReportKind
from nostro.formats import Format
from nostro.formats.iso20022.camt_reader import VERSIONS, CamtOptions, reader_of
from nostro.formats.iso20022.messages import identifies

FORMAT = Format(
    name="camt_053",
    media_type="application/xml",
    standard="ISO 20022 camt.053.001.01 to .14",
    identify=identifies("camt.053"),
    versions=VERSIONS,
    options=CamtOptions,
    read=reader_of("BkToCstmrStmt", "Stmt", ReportKind.PREVIOUS_DAY),
)
