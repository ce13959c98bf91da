"""Single debits and credits as the bank tells of them: camt.054 of any version.

ISO 20022 camt.054.001.01 to .14 (BankToCustomerDebitCreditNotification); read by `camt_reader`.
"""

from __future__ import annotations

from nostro.domain.statement import ReportKind
from nostro.formats import Format
from nostro.formats.iso20022.accounts.camt_reader import VERSIONS, CamtOptions, reader_of
from nostro.formats.iso20022.xml.messages import identifies

FORMAT = Format(
    name="camt_054",
    media_type="application/xml",
    standard="ISO 20022 camt.054.001.01 to .14",
    identify=identifies("camt.054"),
    versions=VERSIONS,
    options=CamtOptions,
    read=reader_of("BkToCstmrDbtCdtNtfctn", "Ntfctn", ReportKind.NOTIFICATION),
)
