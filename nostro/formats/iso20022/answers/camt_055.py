"""Asking the own bank to take payments back: requests to cancel, read and written.

ISO 20022 camt.055.001.01 to .13 (CustomerPaymentCancellationRequest).
"""

from __future__ import annotations

from nostro.domain.cancellation import CancellationRequest
from nostro.formats import Format
from nostro.formats.iso20022.answers.camt_055_writer import CancellationOptions, versions, write
from nostro.formats.iso20022.answers.cancellation_reader import reader_of
from nostro.formats.iso20022.xml.messages import identifies

FORMAT = Format(
    name="camt_055",
    media_type="application/xml",
    standard="ISO 20022 camt.055.001.01 to .13",
    section="CustomerPaymentCancellationRequest",
    versions=tuple(name[-2:] for name in versions()),
    identify=identifies("camt.055"),
    options=CancellationOptions,
    read=reader_of("CstmrPmtCxlReq", between_banks=False),
    write=write,
    documents=(CancellationRequest,),
    versions_written=tuple(name[-2:] for name in versions()),
)
