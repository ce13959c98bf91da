"""Other people's ACH files: each is read or refused with a place, and differences are agreed on."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.payment_file import Payment, PaymentFile, assemble
from nostro.domain.problem import Problem, Severity
from nostro.formats import Profile
from nostro.formats.american.nacha_layout import code_of
from nostro.formats.american.nacha_reader import read
from nostro.formats.american.nacha_writer import write

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "ach"

# Files that may not be used whole, by what is told, and why a person agrees with that.
REFUSED = {
    "20110729A-invalid.ach": ("file_header_shifted", "its header is a character too long"),
    "ppd-debit-fixedLengthInvalid.ach": ("file_header_shifted", "it begins with a stray digit"),
    "return-no-batch-header.ach": ("not_nacha", "entries without a batch belong to nobody"),
}
ERRORS = {
    "neither_file_record.txt": "file_control_missing: nothing proves that it is whole",
    "no_control.txt": "file_control_missing: nothing proves that it is whole",
    "issue751.ach": "file_control_missing: nothing proves that it is whole",
    "adv-noFileControl.ach": "file_control_missing: as its name says",
    "return-no-file-header-control.ach": "file_control_missing: as its name says",
    "return-no-batch-controls.ach": "batch_control_missing file_control_missing: as its name says",
    "bh-ed-ad-bh-ed-ad-ed-ad.ach": "batch_control_missing file_control_missing: as its name says",
    "file_parsing_missing_file_control.txt": (
        "batch_control_missing control_total_wrong: its file control is empty"
    ),
    "1e5RecordBefore1or8.txt": (
        "batch_control_missing control_total_wrong file_control_missing record_out_of_order:"
        " its file header follows the entries"
    ),
    "1k8RecordFollowing9Record.txt": (
        "batch_control_missing control_total_wrong record_out_of_order: as its name says"
    ),
    "issue1620.ach": "control_total_wrong: it states two batches and has one",
    "20110805A.ach": "control_total_wrong: it states five batches and has four",
    "adv-invalidBatchEntries.ach": (
        "control_total_wrong record_out_of_order: its batch has addenda without an entry"
    ),
    "adv-invalidFileControl.ach": "control_total_wrong: it states no entries and has two",
    "flattenADVBatchesMultipleBatchHeaders.ach": "control_total_wrong: credits are 78 cents off",
    "iat-batchHeaderErr.ach": (
        "batch_control_missing control_total_wrong international_addenda_wrong"
        " record_out_of_order: a batch header stands inside an entry"
    ),
    "iat-invalidBatchControl.ach": "control_differs: the control is of another bank and batch",
    "iat-invalidBatchHeader.ach": "control_differs: the header is of another service class",
    "invalid-two-micro-deposits.ach": (
        "amount_not_a_number control_total_wrong: an entry is shifted by a character"
    ),
    "moov-ids.ach": "control_total_wrong: its file hash is made up (9999999999)",
    "nonascii-utf8.ach": "control_total_wrong: it counts one record of thirteen",
    "nonascii.ach": "control_total_wrong: it counts one record of thirteen",
    "ppd-debit-invalid-entryDetail-checkDigit.ach": "routing_number_wrong: as its name says",
    "shr-credit.ach": "control_total_wrong: its file control is of another file",
    "txp-debit.ach": "control_total_wrong: it states two blocks and has one",
}
# Named invalid by their authors, read by us: what is wrong is told as a warning, nothing is lost.
WARNED = {
    "Iat-invalidAddenda13.ach": "characters_not_allowed",
    "iat-invalidAddenda11.ach": "characters_not_allowed",
    "iat-invalidAddenda12.ach": "characters_not_allowed",
    "iat-invalidAddenda14.ach": "characters_not_allowed",
    "iat-invalidAddenda15.ach": "characters_not_allowed",
    "iat-invalidAddenda16.ach": "characters_not_allowed",
    "iat-invalidAddenda17.ach": "characters_not_allowed",
    "iat-invalidAddenda18.ach": "characters_not_allowed",
    "pos-invalidEntryDetail.ach": "characters_not_allowed",
    "iat-invalidAddenda98.ach": "change_code_unknown",
    "web-invalidNOCFile.ach": "change_code_unknown",
    "iat-invalidAddenda99.ach": "return_reason_unknown",
    "pos-invalidReturnFile.ach": "return_reason_unknown",
    "iat-invalidAddendaRecordIndicator.ach": "addenda_indicator_wrong",
    "iat-invalidEntryDetail.ach": "transaction_code_unknown",
}
# Named invalid, but for a rule that only its authors have, or in the twin and not in this file.
READ_AS_IT_IS = {
    "iat-invalidAddenda10.ach": "BIL is a transaction type we keep as it is",
    "ppd-mixedDebitCredit-invalid.ach": "only its twin has wrong totals",
}


def corpus() -> list[Path]:
    if not CORPUS.is_dir():
        return []
    return sorted(path for end in ("*.ach", "*.txt") for path in CORPUS.rglob(end))


def test_the_corpus_is_there() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    assert len(corpus()) >= 140


def told(path: Path) -> tuple[list[Any], list[Problem]]:
    found = list(assemble(read(BytesIO(path.read_bytes()), Profile())))
    return found, [item for item in found if isinstance(item, Problem)]


@pytest.mark.parametrize("path", corpus(), ids=lambda path: "/".join(path.parts[-2:]))
def test_each_file_is_read_or_refused_as_agreed(path: Path) -> None:
    if path.name in REFUSED:
        with pytest.raises(Invalid) as refused:
            told(path)
        assert (refused.value.code, bool(refused.value.location)) == (REFUSED[path.name][0], True)
        return
    found, problems = told(path)
    assert any(isinstance(item, PaymentFile) for item in found)
    assert all(str(problem.location) for problem in problems)
    errors = {item.code for item in problems if item.severity is Severity.ERROR}
    assert errors == set(ERRORS.get(path.name, "").partition(":")[0].split())
    if path.name in WARNED:
        assert WARNED[path.name] in {problem.code for problem in problems}
    elif "invalid" in path.name and not errors:
        assert path.name in READ_AS_IT_IS


@pytest.mark.parametrize("path", corpus(), ids=lambda path: "/".join(path.parts[-2:]))
def test_what_can_be_written_again_is_stable(path: Path) -> None:
    if path.name in REFUSED:
        return
    for file in told(path)[0]:
        if not isinstance(file, PaymentFile):
            continue
        try:
            once = write(file, Profile())
        except Invalid as refusal:
            assert refusal.location  # noqa: PT017 - both outcomes are right, one has a place.
            continue
        [again] = assemble(read(BytesIO(once), Profile()))
        assert write(again, Profile()) == once  # type: ignore[arg-type]


def twin(name: str) -> tuple[PaymentFile, dict[str, Any]]:
    """A file and what its authors' library says of it."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")
    folder = CORPUS / "moov-io+ach" / "test" / "testdata"
    file = next(x for x in told(folder / f"{name}.ach")[0] if isinstance(x, PaymentFile))
    return file, json.loads((folder / f"{name}.json").read_text())


def entry(payment: Payment) -> dict[str, Any]:
    """The fields that both sides have, in the other library's words."""
    return {
        "transactionCode": int(payment.transaction_code),
        "amount": payment.amount.minor,
        "DFIAccountNumber": payment.counterparty_account.number,
        "traceNumber": payment.rail_reference,
    }


def stripped(theirs: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    values = {name: theirs[name] for name in ours}
    return {name: v.rstrip() if isinstance(v, str) else v for name, v in values.items()}


def test_a_mixed_batch_is_as_its_twin_says() -> None:
    file, theirs = twin("ppd-mixedDebitCredit-invalid")
    [batch], [other] = file.batches, theirs["batches"]
    header = other["batchHeader"]
    assert batch.own.name == header["companyName"]
    assert batch.own.identifier == header["companyIdentification"]
    assert batch.local_instrument == header["standardEntryClassCode"]
    assert batch.entry_description == header["companyEntryDescription"]
    assert batch.requested_date is not None
    assert f"{batch.requested_date:%y%m%d}" == header["effectiveEntryDate"]
    assert len(batch.payments) == len(other["entryDetails"])
    for payment, detail in zip(batch.payments, other["entryDetails"], strict=True):
        ours = entry(payment) | {
            "identificationNumber": payment.end_to_end_id,
            "individualName": payment.counterparty.name,
        }
        assert ours == stripped(detail, ours)
        assert payment.counterparty_agent.member_id == (
            detail["RDFIIdentification"] + detail["checkDigit"]
        )


def test_an_international_entry_is_as_its_twin_says() -> None:
    file, theirs = twin("iat-debit")
    payment = file.batches[0].payments[0]
    detail = theirs["IATBatches"][0]["IATEntryDetails"][0]
    assert entry(payment) == stripped(detail, entry(payment))
    ten, eleven, fifteen = (detail[f"addenda{number}"] for number in (10, 11, 15))
    assert payment.counterparty.name == ten["name"]
    assert int(code_of(payment.codes, "foreign_payment_amount")) == ten["foreignPaymentAmount"]
    assert code_of(payment.codes, "foreign_trace_number") == ten["foreignTraceNumber"]
    assert payment.ultimate_creditor.name == eleven["originatorName"]
    assert payment.ultimate_creditor.address.street == eleven["originatorStreetAddress"]
    assert payment.counterparty.identifier == fifteen["receiverIDNumber"]
    assert payment.counterparty.address.street == fifteen["receiverStreetAddress"]
    for party, number, place, country in (
        (payment.ultimate_creditor, 12, "originatorCity", "originatorCountry"),
        (payment.counterparty, 16, "receiverCity", "receiverCountry"),
    ):
        address, said = party.address, detail[f"addenda{number}"]
        assert f"{address.town}*{address.subdivision}\\" == said[place + "StateProvince"]
        assert f"{address.country}*{address.post_code}\\" == said[country + "PostalCode"]
    assert payment.counterparty_agent.name == detail["addenda14"]["RDFIName"]
    assert payment.counterparty_agent.member_id == detail["addenda14"]["RDFIIdentification"]
    [way] = detail["addenda18"]
    assert payment.intermediary.name == way["foreignCorrespondentBankName"]
    assert payment.intermediary.member_id == way["foreignCorrespondentBankIDNumber"]
    assert payment.remittance == (detail["addenda17"][0]["paymentRelatedInformation"],)
