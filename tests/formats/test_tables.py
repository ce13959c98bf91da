"""Lists from ERPs: one bad line hides nothing, and a list that is cut is not believed."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import pytest

from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.open_item import OpenItem
from nostro.domain.payment import PaymentRequest, Rail, RunTotals, Urgency, Wishes
from nostro.domain.problem import RejectedLine
from nostro.formats import Profile
from nostro.formats.profiles import Table, load, names
from nostro.formats.tables import payment_run_csv, table
from tests.formats.samples import IBAN, read

AP = load("vesterholt_ap")
AR = load("vesterholt_ar")


@dataclass
class Cells:
    """One line of a payment run, good unless told otherwise."""

    run_id: str = "R1"
    item: str = "1"
    entity_code: str = "1000"
    payee_number: str = "V1"
    payee_name: str = "Papier Huber"
    street: str = "Ring"
    building: str = "3"
    post_code: str = "1010"
    town: str = "Wien"
    country: str = "AT"
    iban: str = IBAN
    bic: str = ""
    bank_code: str = ""
    account_number: str = ""
    account_scheme: str = ""
    amount: str = "10.00"
    currency: str = "EUR"
    payment_date: str = "2026-11-20"
    invoices: str = ""
    reference: str = ""
    approved_by: str = "m.lind"
    rail: str = ""
    urgency: str = ""
    purpose: str = ""
    category_purpose: str = ""

    def __str__(self) -> str:
        return ";".join(str(getattr(self, field)) for field in AP.columns)


def run(*lines: object, trailer: str | None = None) -> bytes:
    last = trailer if trailer is not None else f"TRAILER;{len(lines)};EUR {10 * len(lines)}.00"
    return "\n".join([";".join(AP.columns.values()), *map(str, lines), last, ""]).encode()


def refused(name: str, data: bytes, profile: Profile | None = None) -> Invalid:
    with pytest.raises(Invalid) as caught:
        read(name, data, profile)
    return caught.value


def rejected(cells: object) -> RejectedLine:
    """The rejection of one line between two good ones, which must both come through."""
    data = run(Cells(item="A"), cells, Cells(item="B"))
    reading = payment_run_csv.read(BytesIO(data), Profile())
    first, bad, last = (next(reading) for _ in range(3))  # The totals may not fit; they come later.
    assert isinstance(first, PaymentRequest)
    assert isinstance(last, PaymentRequest)
    assert isinstance(bad, RejectedLine)
    assert bad.line == 3
    return bad


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (Cells(iban="DE88370400440532013000"), "invalid_iban"),
        (Cells(iban="DE8937040044053201300"), "invalid_iban"),
        (Cells(bic="X"), "invalid_bic"),
        (Cells(country="Austria"), "invalid_country"),
        (Cells(currency="EURO"), "unknown_currency"),
        (Cells(amount="ten"), "amount_not_a_number"),
        (Cells(amount="1,234.00"), "amount_not_a_number"),
        (Cells(amount="NaN"), "amount_not_a_number"),
        (Cells(amount="1.005"), "amount_too_fine"),
        (Cells(amount="9" * 17), "amount_too_large"),
        (Cells(amount="0.00"), "amount_not_positive"),
        (Cells(amount="10.00-"), "credit_note"),
        (Cells(payment_date="20.11.2026"), "invalid_date"),
        (Cells(payment_date="2026-02-30"), "invalid_date"),
        (Cells(payee_name=""), "field_missing"),
        (Cells(amount=""), "field_missing"),
        (Cells(item="A"), "duplicate_line"),
        ("R1;2;1000", "wrong_column_count"),
        (Cells(payee_name='"Huber" Papier'), "broken_quotes"),
        (Cells(rail="sepa"), "unknown_choice"),
        (Cells(urgency="asap"), "unknown_choice"),
        (Cells(purpose="salary"), "invalid_purpose"),
        (Cells(category_purpose="SAL"), "invalid_purpose"),
        (Cells(iban="", rail="sepa_instant"), "invalid_iban"),
    ],
)
def test_a_bad_line_hides_no_other(cells: object, code: str) -> None:
    bad = rejected(cells)
    assert bad.code == code
    assert bad.raw == str(cells)
    assert bad.sentence
    assert bad.can_do


def test_the_totals_come_last() -> None:
    *lines, totals = read("payment_run_csv", run(Cells(), Cells(item="2")))
    assert all(isinstance(line, PaymentRequest) for line in lines)
    assert totals == RunTotals(run_id="R1", lines=2, count=2, sums=(Money(2000, "EUR"),))


def test_a_rejected_line_still_counts_in_the_totals() -> None:
    found = read("payment_run_csv", run(Cells(), Cells(item="2", bic="X")))
    assert isinstance(found[1], RejectedLine)
    assert isinstance(found[2], RunTotals)


@pytest.mark.parametrize("damaged", [Cells(item="2", amount="ten"), "20261119-AP1;0002;cut"])
def test_one_amount_that_cannot_be_read_leaves_the_totals_unproven(damaged: Cells | str) -> None:
    """Else whoever damages one line could raise another one unnoticed."""
    error = refused("payment_run_csv", run(Cells(), damaged, trailer="TRAILER;2;EUR 99.00"))
    assert (error.code, error.location) == ("run_totals_unproven", "line 3")
    error = refused("payment_run_csv", run(Cells(), damaged, trailer="TRAILER;3;EUR 99.00"))
    assert error.code == "run_totals_mismatch"


@pytest.mark.parametrize(
    ("trailer", "code"),
    [
        ("TRAILER;2;EUR 10.00", "run_totals_mismatch"),
        ("TRAILER;1;EUR 10.01", "run_totals_mismatch"),
        ("TRAILER;1;EUR 10.00,USD 1.00", "run_totals_mismatch"),
        ("TRAILER;1;", "run_totals_mismatch"),
        ("TRAILER;one;EUR 10.00", "invalid_trailer"),
        ("TRAILER;1;ten euros", "invalid_trailer"),
        ("TRAILER;1;EUR 1.2.3", "invalid_trailer"),
        ("TRAILER", "invalid_trailer"),
        ("", "file_cut"),
    ],
)
def test_totals_that_do_not_fit_refuse_the_file(trailer: str, code: str) -> None:
    error = refused("payment_run_csv", run(Cells(), trailer=trailer))
    assert error.code == code
    assert error.location.startswith("line ")


@pytest.mark.parametrize(
    "trailer", ["TRAILER;1;EUR 10.00;;;;", "TRAILER;1;EUR=10.00", "TRAILER;1;EUR 10"]
)
def test_totals_may_be_written_in_several_ways(trailer: str) -> None:
    assert isinstance(read("payment_run_csv", run(Cells(), trailer=trailer))[-1], RunTotals)


def test_a_line_after_the_totals_is_not_paid() -> None:
    data = run(Cells(), trailer=f"TRAILER;2;EUR 20.00\n{Cells(item='2')}")
    error = refused("payment_run_csv", data)
    assert error.code == "run_totals_mismatch"


@pytest.mark.parametrize(
    ("reference", "invoices", "remittance", "structured"),
    [
        ("RF18 5390 0754 7034", "A, B", "", "RF18539007547034"),
        ("Order 7", "A,B", "Order 7", ""),
        ("", "A, B,", "A, B", ""),
        ("", "", "", ""),
    ],
)
def test_what_the_payee_is_told(
    reference: str, invoices: str, remittance: str, structured: str
) -> None:
    (request, _) = read("payment_run_csv", run(Cells(reference=reference, invoices=invoices)))
    assert (request.remittance, request.creditor_reference) == (remittance, structured)


def test_an_optional_column_may_be_missing() -> None:
    with_it, _ = read("payment_run_csv", run(Cells()))
    bare = run(Cells()).replace(b";HOUSE_NO", b"").replace(b";Ring;3;", b";Ring 3;")
    without_it, _ = read("payment_run_csv", bare)
    assert (with_it.payee_address.street, with_it.payee_address.building) == ("Ring", "3")
    assert (without_it.payee_address.street, without_it.payee_address.building) == ("Ring 3", "")


def test_a_line_may_say_its_rail_its_urgency_and_what_it_is_for() -> None:
    line = Cells(rail="SEPA_instant", urgency="Urgent", purpose="SUPP", category_purpose="INTC")
    (request, _) = read("payment_run_csv", run(line))
    assert request.rail is Rail.SEPA_INSTANT
    assert request.wishes == Wishes(urgency=Urgency.URGENT, purpose="SUPP", category_purpose="INTC")
    (plain, _) = read("payment_run_csv", run(Cells()))
    assert (plain.rail, plain.wishes) == (None, None)
    (cheque, _) = read("payment_run_csv", run(Cells(iban="", rail="check")))
    assert (cheque.rail, cheque.creditor_number) == (Rail.CHECK, "")


def test_line_ends_marks_and_line_breaks_in_cells() -> None:
    data = run(Cells(payee_name='"Huber\nPapier"'), Cells(item="2"))
    for variant in (data, data.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + data, data.rstrip()):
        first, second, _ = read("payment_run_csv", variant)
        assert first.payee_name.split() == ["Huber", "Papier"]
        assert (first.line, second.line) == (2, 4)


def test_a_file_that_is_no_such_list() -> None:
    good = run(Cells())
    assert refused("payment_run_csv", b"").code == "empty_file"
    missing = refused("payment_run_csv", good.replace(b"IBAN", b"KONTO"))
    assert (missing.code, missing.location) == ("missing_columns", "line 1")
    wrong = refused("payment_run_csv", run(Cells(payee_name="Müller")).decode().encode("latin-1"))
    assert (wrong.code, wrong.location) == ("not_text", "line 2")
    assert refused("payment_run_csv", good.decode().encode("utf-16")).code == "not_text"
    assert refused("payment_run_csv", good + b'"open').code == "broken_quotes"
    assert refused("payment_run_csv", good, Profile(name="nobody")).code == "unknown_profile"
    assert refused("payment_run_csv", good, Profile(encoding="klingon")).code == "not_text"


def test_a_profile_may_name_the_encoding() -> None:
    data = run(Cells(payee_name="Müller")).decode().encode("latin-1")
    assert read("payment_run_csv", data, Profile(encoding="latin-1"))[0].payee_name == "Müller"


def test_open_items() -> None:
    head = ";".join(title for title in AR.columns.values() if title in AR.titles())
    lines = (
        f"1000;9001;C1;Nordlicht;12.30;EUR;2026-11-01;{IBAN}",
        "1000;9001;C1;Nordlicht;12.30;EUR;2026-11-01;",
        "1000;9002;C1;Nordlicht;5.00-;EUR;2026-11-01;",
        "1000;;C1;Nordlicht;5.00;EUR;2026-11-01;",
        "1000;9003;C1;Nordlicht;5.00;EUR;2026-11-01;DE00",
    )
    found = read("open_items_csv", "\n".join([head, *lines]).encode())
    codes = [item.code if isinstance(item, RejectedLine) else item.id for item in found]
    assert codes == ["1000:9001", "duplicate_line", "1000:9002", "field_missing", "invalid_iban"]
    credit_note = found[2]
    assert isinstance(credit_note, OpenItem)
    assert credit_note.open_amount == Money(-500, "EUR")


def layout(**how: str) -> Table:
    return Table(format="x", columns={"amount": "A"}, required=(), **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "how", "minor"),
    [
        ("1234,50", {"decimal": ","}, 123450),
        ("1.234,50", {"decimal": ",", "group": "."}, 123450),
        ("1'234.50", {"group": "'"}, 123450),
        ("-5", {}, -500),
        ("5,00-", {"decimal": ","}, -500),
    ],
)
def test_amounts_as_lists_write_them(text: str, how: dict[str, str], minor: int) -> None:
    assert table.money(text, "EUR", layout(**how)) == Money(minor, "EUR")


@pytest.mark.parametrize("text", ["1.234", "1.234,50", "--5", "-5-"])
def test_a_full_stop_is_never_taken_for_a_comma(text: str) -> None:
    with pytest.raises(Invalid, match="not a number"):
        table.money(text, "EUR", layout(decimal=","))


@pytest.mark.parametrize(
    ("spelling", "text"), [("DD.MM.YYYY", "20.11.2026"), ("YYYYMMDD", "20261120")]
)
def test_dates_as_lists_write_them(spelling: str, text: str) -> None:
    how = Table(format="x", columns={"day": "D"}, required=(), date=spelling)
    row = table.Row(1, text, [text], how, {"day": 0})
    assert table.date_of(row, "day").isoformat() == "2026-11-20"


def test_every_profile_loads() -> None:
    assert {"vesterholt_ap", "vesterholt_ar"} <= set(names())
    assert all(load(name).name == name for name in names())


HEAD = (
    b"journal_id,event,owner,action,entity,posting_date,reference,line,ledger_account,"
    b"document_amount,document_currency,functional_amount,functional_currency,open_item,text,"
    b"journal_text\r\n"
)
LINE = b"J,payment_settled,nostro,post,1,2026-11-20,R,1,113100,1.00,EUR,1.00,EUR,,,t\r\n"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (HEAD.replace(b"line,", b""), "missing_columns"),
        (HEAD + b"J,x\r\n", "wrong_column_count"),
        (HEAD + LINE.replace(b",1,113100", b",2,113100"), "journal_line_order"),
        (HEAD + LINE + LINE.replace(b",1,113100", b",3,113100"), "journal_line_order"),
        (
            HEAD + LINE + LINE.replace(b",1,113100", b",2,113100").replace(b"J,", b"K,"),
            "journal_line_order",
        ),
        (HEAD + LINE.replace(b"nostro", b"nobody"), "unknown_word"),
        (HEAD + LINE.replace(b"2026-11-20", b"2026-11-31"), "invalid_date"),
        (HEAD + LINE.replace(b"1.00", b"1.001"), "amount_too_fine"),
        (HEAD + b"\xff", "not_text"),
        (HEAD + b'"', "broken_quotes"),
    ],
)
def test_a_changed_journal_list_is_refused(data: bytes, code: str) -> None:
    error = refused("journal_csv", data)
    assert error.code == code
    assert error.location.startswith("line ")
