"""What moved on an account during the day: camt.052 of any version, as banks really send it.

ISO 20022 camt.052.001.01 to .14 (BankToCustomerAccountReport); read by `camt_reader`.
"""

from __future__ import annotations

from nostro.domain.statement import ReportKind
from nostro.formats import Format
from nostro.formats.iso20022.accounts.camt_reader import VERSIONS, CamtOptions, reader_of
from nostro.formats.iso20022.xml.messages import identifies

FORMAT = Format(
    name="camt_052",
    media_type="application/xml",
    standard="ISO 20022 camt.052.001.01 to .14",
    identify=identifies("camt.052"),
    versions=VERSIONS,
    options=CamtOptions,
    read=reader_of("BkToCstmrAcctRpt", "Rpt", ReportKind.INTRADAY),
)
