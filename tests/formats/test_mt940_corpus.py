"""Public MT940 and MT942 files whose answers other libraries give: we agree, or say why not."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from nostro import formats
from nostro.domain.errors import Invalid
from nostro.domain.money import Money
from nostro.domain.problem import Problem
from nostro.domain.statement import Entry, Statement, StatementTrailer, assemble
from nostro.formats import HEAD_BYTES, Profile

CORPUS = Path(__file__).parents[2].parent / "shared" / "corpus" / "mt940"
WOLPH = CORPUS / "WoLpH+mt940" / "mt940_tests"
SVENSTARO = CORPUS / "svenstaro+mt940-rs" / "tests" / "data" / "mt940"
BETTERPLACE = CORPUS / "betterplace+mt940_parser" / "test" / "fixtures"


@pytest.fixture(autouse=True)
def corpus() -> None:
    if not CORPUS.is_dir():
        pytest.skip("the corpus of public files is not beside the repository")


class Difference(NamedTuple):
    file: str
    field: str
    theirs: Any
    ours: Any


class Agreed(NamedTuple):
    """Differences that we looked at: which (regular expressions), and why the other is wrong."""

    file: str
    field: str
    reason: str
    theirs: str = ""


AGREED = (
    Agreed(
        "sepa_mt9401",
        "amount",
        "RC is the reversal of a credit and takes money away; the statement closes only with minus",
        r"^204\.88$",
    ),
    Agreed(
        "WoLpH/betterplace/sepa_(mt9401|snippet)[.]sta$",
        "end to end|purpose",
        "MTLG: is a keyword of its own, not text",
        "MTLG:",
    ),
    Agreed(
        "WoLpH/betterplace/(amount_formats|empty_86|empty_entry_date|missing_crlf_at_end)[.]sta$"
        "|WoLpH/cmxl/(account_balance_credit|account_balance_debit|available_balance)[.]sta$"
        "|WoLpH/cmxl/(closing_balance|statement_details|statement_line|statement_number)[.]sta$"
        "|WoLpH/self-provided/(empty_non_swift|sparkassen)[.]sta$",
        "file",
        "single fields without :20: or :25: are no statement: nobody could say of which account",
    ),
    Agreed(
        "WoLpH/(cmxl/mt940|self-provided/raphaelm)[.]sta$",
        "entries",
        "DEM was withdrawn in 2002; we do not know its decimals and leave such bookings out, named",
    ),
    Agreed(
        "/jejik/ing[.]", "text", ":86: after :62F: belongs to the statement, -XXX ends it", "-XXX"
    ),
    Agreed("/jejik/ing[.]", "statement text", "-XXX is the end of the message, not text", "XXX"),
    Agreed("/mt940_2[.]json$", "account", "the IBAN of ?38 rather than the domestic number of ?31"),
    Agreed(
        "WoLpH/self-provided/(details_60-63|malformed_details|overly_long_details)",
        "end to end|purpose",
        "?60 to ?63 go on where ?29 ended (DK annex 3): the IBAN of the text is broken there",
    ),
    Agreed("transaction_details_wrapped", "purpose", "?60 goes on where ?29 ended (DK annex 3)"),
    Agreed("gv_codes", "purpose", "text before the first keyword is text; nothing is dropped"),
    Agreed(
        "sepa_snippet_broken",
        "references",
        "a :25: among bookings is no field; we keep its line with the booking and warn",
    ),
    Agreed(
        "danskebank",
        "statement text",
        "each :86: before the bookings is kept, not none when there are several",
    ),
)


# What no file says of itself.
ENCODINGS = {"raiffeisen-cmi.sta": "cp852"}


def read(path: Path) -> list[Any]:
    reader = formats.reader(formats.find()["mt940"])
    profile = Profile(encoding=ENCODINGS.get(path.name, ""))
    return list(reader(BytesIO(path.read_bytes()), profile))


def bare(text: object) -> str:
    """Text without any white space: libraries join lines in their own ways."""
    return "".join(str(text or "").split())


def ascii_of(text: object) -> str:
    """Letters and digits of ASCII only: mt940-rs replaces all others before it reads."""
    plain = str(text or "").replace("ß", "ss").replace("ą", "a")
    letters = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub("[^A-Za-z0-9]", "", letters)


def number(money: Money) -> Decimal:
    return Decimal(money.number())


# --- WoLpH: YAML dumps of Python objects, read as text


SCALAR = re.compile(r"^    (\w+):[ ]?((?:.*)(?:\n(?:      .*|[ ]*(?=\n)))*)", re.MULTILINE)
DATE = re.compile(r"!!binary \|\n\s+(\S+)")


def scalar(text: str) -> Any:
    """A YAML scalar of a dump: plain, single- or double-quoted, folded over lines."""
    if text == "null":
        return None
    text = re.sub(r"\n\s*\n\s*", "\0", text)
    text = re.sub(r"(\\?)\n\s*(\\(?= ))?", lambda m: "" if m[1] else " ", text)
    text = text.replace("\0", "\n")
    if text.startswith("'"):
        return text[1:-1].replace("''", "'")
    if text.startswith('"'):
        return json.loads(
            re.sub(r"\\x(..)", r"\\u00\1", text).replace("\\ ", " ").replace("\n", "\\n")
        )
    return text


def day(text: str) -> str:
    raw = base64.b64decode(text)
    return f"{raw[0] * 256 + raw[1]:04}-{raw[2]:02}-{raw[3]:02}"


def wolph_transactions(text: str) -> Iterator[dict[str, Any]]:
    body = text.partition("\ntransactions:")[2]
    for block in body.split("- !!python/object:mt940.models.Transaction\n")[1:]:
        told: dict[str, Any] = {}
        for found in SCALAR.finditer(block):
            name, value = found[1], found[2]
            if name == "amount":
                if amount := re.search(r"Decimal\s*[\[-] ?'(.*?)'", value):
                    told[name] = Decimal(amount[1])
            elif "Date" not in value:
                told[name] = scalar(value.rstrip())
        for name in ("date", "entry_date"):
            if binary := re.search(rf"^    {name}:.*\n    - {DATE.pattern}", block, re.MULTILINE):
                told[name] = day(binary[1])
        yield told


def wolph_fields(theirs: dict[str, Any], ours: Entry) -> Iterator[tuple[str, Any, Any]]:
    detail = ours.details[0] if ours.details else None
    kind, _, gvc = ours.proprietary_code.partition("+")
    yield "amount", theirs.get("amount"), number(ours.amount)
    yield "value", theirs.get("date"), str(ours.value)
    if "entry_date" in theirs:
        yield "booked", theirs["entry_date"], str(ours.booked)
    yield "type", bare(theirs.get("id")), bare(kind)
    yield "references", *wolph_references(theirs, ours)
    yield "funds", theirs.get("funds_code") or "", ours.funds_code
    if "transaction_details" in theirs:
        yield "text", bare(theirs["transaction_details"]), bare(ours.text)
    if detail is None or "transaction_code" not in theirs:
        return
    yield "gvc", theirs["transaction_code"] or "", gvc
    name = bare(theirs.get("applicant_name")) or bare(theirs.get("recipient_name"))
    yield "name", name, bare(detail.counterparty_name)
    yield "account", bare(theirs.get("applicant_iban")), bare(detail.counterparty_iban)
    if "end_to_end_reference" in theirs:
        yield "end to end", bare(theirs["end_to_end_reference"]), bare(detail.end_to_end_id)
    yield "purpose", bare(theirs.get("purpose")), bare("".join(detail.remittance))


def wolph_references(theirs: dict[str, Any], ours: Entry) -> tuple[str, str]:
    """Customer and bank reference and supplement in one: it cuts them at the wrong places.

    It takes 16 characters for the customer's reference even where // ends it before, and then
    writes what it finds in :86: (KREF+) over it: there is nothing to compare then.
    """
    if re.search(r"[KE]REF\+|SVWZ\+", bare(ours.text)):
        return "", ""
    names = ("customer_reference", "bank_reference", "extra_details")
    said = "".join(bare(theirs.get(name)) for name in names)
    supplement = dict(ours.codes).get("61/9", "")
    mine = bare(ours.customer_reference + ours.bank_reference + supplement)
    return re.sub("NONREF|//", "", said), re.sub("NONREF|//", "", mine)


def reference(text: object) -> str:
    return "" if bare(text) == "NONREF" else bare(text)


# --- svenstaro: JSON

SIGNS = {"Credit": 1, "Debit": -1, "ReverseCredit": -1, "ReverseDebit": 1}


def svenstaro_fields(theirs: dict[str, Any], ours: Entry) -> Iterator[tuple[str, Any, Any]]:
    sign = SIGNS[theirs["ext_debit_credit_indicator"]]
    kind = theirs["transaction_type_ident_code"]
    kind = kind["NonStandard"] if isinstance(kind, dict) else kind
    yield "amount", sign * Decimal(theirs["amount"]), number(ours.amount)
    yield "value", theirs["value_date"], str(ours.value)
    yield "booked", str(theirs["entry_date"]), str(ours.booked)
    yield "type", kind, ours.proprietary_code.partition("+")[0][1:]
    yield "customer", reference(theirs["customer_ref"]), bare(ours.customer_reference)
    yield "bank", reference(theirs["bank_ref"]), bare(ours.bank_reference)
    yield "funds", theirs["funds_code"] or "", ours.funds_code
    supplement = dict(ours.codes).get("61/9", "")
    yield "supplement", ascii_of(theirs["supplementary_details"]), ascii_of(supplement)
    told = theirs["information_to_account_owner"]
    if not isinstance(told, dict):
        yield "text", ascii_of(told), ascii_of(ours.text)
        return
    (detail,) = ours.details
    text = ascii_of(re.sub(r"\?[0-9]{2}", "", bare(ours.text)))
    yield "text", [], [value for value in told.values() if value and ascii_of(value) not in text]
    yield "gvc", told["transaction_code"], ours.proprietary_code.partition("+")[2]
    yield "name", ascii_of(told.get("applicant_name")), ascii_of(detail.counterparty_name)
    yield "account", bare(told.get("applicant_iban")), detail.counterparty_iban


def joined(theirs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Statements out of pages: mt940-rs gives each page on its own."""
    whole: list[dict[str, Any]] = []
    for page in theirs:
        before = whole[-1] if whole else None
        if (
            before is not None
            and before["closing_balance"]["is_intermediate"]
            and page["opening_balance"]["is_intermediate"]
            and all(before[name] == page[name] for name in ("account_id", "statement_no"))
        ):
            rest = {name: page[name] for name in ("closing_balance", "closing_available_balance")}
            lines = before["statement_lines"] + page["statement_lines"]
            whole[-1] = {**before, **rest, "statement_lines": lines}
        else:
            whole.append(page)
    return whole


def svenstaro_statement(theirs: dict[str, Any], ours: Statement) -> Iterator[tuple[str, Any, Any]]:
    written = f"{ours.bank_code or ours.bank_bic}/{ours.account}".lstrip("/")
    yield "reference", ascii_of(theirs["transaction_ref_no"]), ascii_of(ours.statement_id)
    yield "account", bare(theirs["account_id"]), bare(dict(ours.codes).get("25", written))
    yield "sequence", int(theirs["statement_no"]), ours.sequence or 0
    yield "entries", len(theirs["statement_lines"]), len(ours.entries)
    yield "statement text", ascii_of(theirs["information_to_account_owner"]), ascii_of(ours.text)
    balances = {balance.bank_code: balance for balance in ours.balances}
    for name, tags in (
        ("opening_balance", ("60F", "60M")),
        ("closing_balance", ("62F", "62M")),
        ("closing_available_balance", ("64",)),
    ):
        balance = next((balances[tag] for tag in tags if tag in balances), None)
        if name == "opening_balance":
            balance = next((b for b in ours.balances if b.bank_code in tags), None)
        said = theirs[name]
        if said is None:
            yield name, None, balance
            continue
        amount = Decimal(said["amount"]) * SIGNS[said["debit_credit_indicator"]]
        wanted = (amount, said["iso_currency_code"], said["date"])
        got = (
            (number(balance.amount), balance.amount.currency, str(balance.day)) if balance else None
        )
        yield name, wanted, got


def differences(file: str, pairs: Iterator[tuple[str, Any, Any]]) -> Iterator[Difference]:
    for field, theirs, ours in pairs:
        if theirs != ours:
            yield Difference(file, field, theirs, ours)


def against_wolph() -> Iterator[Difference]:
    for expected in sorted(WOLPH.glob("*/*.yml")):
        source = expected.with_suffix(".sta")
        if not source.exists():
            continue
        name = f"WoLpH/{source.relative_to(WOLPH)}"
        try:
            records = read(source)
        except Invalid as refusal:
            yield Difference(name, "file", "read", refusal.code)
            continue
        ours = [record for record in records if isinstance(record, Entry)]
        theirs = list(wolph_transactions(expected.read_text()))
        if len(ours) != len(theirs):
            yield Difference(name, "entries", len(theirs), len(ours))
            continue
        for one, other in zip(theirs, ours, strict=False):
            yield from differences(name, wolph_fields(one, other))


def against_svenstaro() -> Iterator[Difference]:
    for expected in sorted(SVENSTARO.rglob("*.json")):
        place = expected.relative_to(SVENSTARO / "full")
        beside = expected.with_suffix(".sta")
        source = beside if beside.exists() else WOLPH / place.with_suffix(".sta")
        name = f"svenstaro/{place}"
        theirs = joined(json.loads(expected.read_text()))
        ours = [s for s in assemble(read(source)) if isinstance(s, Statement)]
        if len(ours) != len(theirs):
            yield Difference(name, "statements", len(theirs), len(ours))
            continue
        for one, other in zip(theirs, ours, strict=True):
            yield from differences(name, svenstaro_statement(one, other))
            for line, entry in zip(one["statement_lines"], other.entries, strict=False):
                yield from differences(name, svenstaro_fields(line, entry))


# --- betterplace: YAML dumps of Ruby objects, read as text

RUBY_SIGNS = {":credit": 1, ":debit": -1, ":return_credit": -1, ":return_debit": 1}


def betterplace_fields(theirs: dict[str, str], ours: Entry) -> Iterator[tuple[str, Any, Any]]:
    yield "amount", RUBY_SIGNS[theirs["funds_code"]] * int(theirs["amount"]), ours.amount.minor
    yield "value", theirs["date"], str(ours.value)
    yield "booked", theirs["entry_date"], str(ours.booked)
    yield "type", theirs["swift_code"], ours.proprietary_code.partition("+")[0]
    yield "customer", reference(theirs["reference"].strip("'")), bare(ours.customer_reference)
    if (bank := theirs["transaction_description"].strip("'")) and "\n" not in bank:
        yield "bank", reference(bank), bare(ours.bank_reference)


def against_betterplace() -> Iterator[Difference]:
    for expected in sorted(BETTERPLACE.glob("*.yml")):
        source = WOLPH / "betterplace" / expected.with_suffix(".sta").name
        blocks = re.split(r"^  ?-? ?- !ruby/object:", expected.read_text(), flags=re.MULTILINE)
        theirs = [
            dict(re.findall(r"^    (\w+): ?(.*)$", block, re.MULTILINE))
            for block in blocks
            if block.startswith("MT940::StatementLine\n")
        ]
        if not source.exists() or len(theirs) < 2:
            continue  # Single fields, which are no statement.
        ours = [record for record in read(source) if isinstance(record, Entry)]
        name = f"betterplace/{expected.name}"
        if len(ours) != len(theirs):
            yield Difference(name, "entries", len(theirs), len(ours))
        for one, other in zip(theirs, ours, strict=False):
            yield from differences(name, betterplace_fields(one, other))


def is_agreed(difference: Difference, agreed: Agreed) -> bool:
    return bool(
        re.search(agreed.file, difference.file)
        and re.fullmatch(agreed.field, difference.field)
        and re.search(agreed.theirs, str(difference.theirs))
    )


@pytest.mark.parametrize("against", [against_wolph, against_svenstaro, against_betterplace])
def test_answers_of_others_are_ours_or_explained(against: Any) -> None:
    found = list(against())
    unexplained = [
        difference
        for difference in found
        if not any(is_agreed(difference, agreed) for agreed in AGREED)
    ]
    assert not unexplained, "\n".join(map(str, unexplained))


# Files that are refused, and why a human agrees.
REFUSED = {
    "statement_head_missing": "single fields, not a statement",
    "no_statement": "not a bank file (requirements.txt, ten numbers)",
}
# At least so many: a reader that reads less than before has become worse.
READ_AT_LEAST, CLOSING_AT_LEAST = 79, 161


def test_every_file_is_read_or_refused_with_a_place(capsys: pytest.CaptureFixture[str]) -> None:
    counts: Counter[str] = Counter()
    for path in sorted(p for p in CORPUS.rglob("*") if p.suffix in (".sta", ".txt")):
        try:
            records = read(path)
        except Invalid as refusal:
            assert refusal.code in REFUSED, path  # noqa: PT017 - refused with a reason, or not.
            assert refusal.location, path  # noqa: PT017
            counts["refused"] += 1
            continue
        counts["read"] += 1
        for record in records:
            if isinstance(record, StatementTrailer):
                counts[record.verdict.verdict] += 1
            elif isinstance(record, Problem):
                counts[record.severity] += 1
                assert record.location.line, (path, record)
    with capsys.disabled():
        print(f"\nmt940, mt942: {dict(sorted(counts.items()))}")  # noqa: T201
    assert counts["read"] >= READ_AT_LEAST
    assert counts["closes"] >= CLOSING_AT_LEAST


def test_files_are_taken_for_what_they_are() -> None:
    for path in sorted(p for p in CORPUS.rglob("*") if p.suffix in (".sta", ".txt")):
        data = path.read_bytes()
        if b":60F:" in data and b":25:" in data and b":61:" in data and b":86:" in data:
            assert formats.identify(data[:HEAD_BYTES]).name == "mt940", path
        elif b":34F:" in data and b":25:" in data:
            assert formats.identify(data[:HEAD_BYTES]).name == "mt942", path
