"""The format tools as a person uses them: on a terminal, in pipes, on packed and broken files."""

from __future__ import annotations

import gzip
import json
import os
import pty
import signal
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import polars
import pytest

from nostro.domain.errors import Invalid
from nostro.formats import container

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden"
CAMT = GOLDEN / "camt_053" / "version_08.in"
LIST = GOLDEN / "bank_csv" / "rabobank_two_accounts.in"
MT940 = GOLDEN / "mt940" / "envelope_slashes_labels.in"
PAIN = GOLDEN / "pain_001" / "two_rails_version_09.in"
CODE = "from nostro.cli import main\nmain()"


def nostro(*words: object, given: bytes = b"", **how: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", CODE, *map(str, words)], cwd=ROOT, capture_output=True,
        input=given, check=False, timeout=120, **how,
    )  # fmt: skip


def lines(told: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.stdout.splitlines()]


def long_list(rows: int) -> bytes:
    head = b"Booking date,Amount,Currency,Balance\n"
    return head + b"".join(b"2026-11-20,1.00,EUR,%d.00\n" % n for n in range(1, rows + 1))


# --- read -----------------------------------------------------------------------------------------


def test_a_pipe_gets_one_record_a_line() -> None:
    told = nostro("read", CAMT)
    assert told.returncode == 0, told.stderr
    kinds = [line["record"] for line in lines(told)]
    assert kinds[:2] == ["input_file", "statement_header"]
    assert kinds[-1] == "statement_trailer"


def test_what_is_piped_in_is_read() -> None:
    assert lines(nostro("read", given=CAMT.read_bytes()))[0]["name"] == "stdin"
    assert lines(nostro("read", "-", given=LIST.read_bytes()))[0]["format"] == "bank_csv"


def test_whole_documents_are_valid_json() -> None:
    told = json.loads(nostro("read", CAMT, LIST, PAIN, "--as", "json").stdout)
    assert [len(file["documents"]) for file in told] == [1, 2, 1]
    assert told[0]["documents"][0]["record"] == "statement"
    assert json.loads(nostro("read", "/dev/null", "--as", "json").stdout)[0]["documents"]


def test_rows_add_up_to_what_moved(tmp_path: Path) -> None:
    table, parquet = tmp_path / "t.csv", tmp_path / "t.parquet"
    assert nostro("read", CAMT, LIST, "--as", "csv", "--out", table).returncode == 0
    assert nostro("read", CAMT, LIST, "--as", "parquet", "--out", parquet).returncode == 0
    made = polars.read_parquet(parquet)
    text = polars.read_csv(table, infer_schema_length=0)
    assert made.height == text.height
    assert text["entry_amount"][-1] == "-10.00"
    minor = made.filter(polars.col("file").str.contains("rabobank"))["entry_amount_minor"].sum()
    assert minor == 50000 - 8990 - 1000
    assert sorted(tmp_path.iterdir()) == [table, parquet]


def test_parquet_can_be_piped() -> None:
    told = nostro("read", PAIN, "--as", "parquet")
    assert polars.read_parquet(BytesIO(told.stdout))["amount_minor"].to_list()[0] == 123450


def test_statements_and_payments_are_not_mixed_in_one_table(tmp_path: Path) -> None:
    told = nostro("read", CAMT, PAIN, "--as", "csv", "--out", tmp_path / "t.csv")
    assert (told.returncode, list(tmp_path.iterdir())) == (2, [])
    assert b"[rows_mixed]" in told.stderr


def test_a_refused_file_stops_no_other(tmp_path: Path) -> None:
    told = nostro("read", "/dev/null", tmp_path, "missing", CAMT)
    assert told.returncode == 2
    codes = [line.get("code") for line in lines(told) if line["record"] == "problem"]
    assert codes == ["empty_file", "file_not_readable", "file_missing"]
    assert lines(told)[-1]["record"] == "statement_trailer"
    assert b"Traceback" not in told.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    locked = tmp_path / "locked.xml"
    locked.write_bytes(CAMT.read_bytes())
    locked.chmod(0)
    told = nostro("read", locked)
    assert told.returncode == 2
    assert b"[file_not_readable]" in told.stderr


def test_unusable_records_and_open_balances_end_with_1(tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_bytes(long_list(3).replace(b",1.00,EUR,2.00", b",x,EUR,2.00"))
    told = nostro("read", bad)
    assert told.returncode == 1
    assert b"line 3" in told.stderr
    bad.write_bytes(long_list(3).replace(b",1.00,EUR,2.00", b",5.00,EUR,2.00"))
    told = nostro("read", bad)
    assert told.returncode == 1
    assert told.stderr.count(b"[does_not_close]") == 1
    assert nostro("check", bad).returncode == 1
    assert len(json.loads(nostro("check", bad, "--json").stdout)) == told.stderr.count(b"\n")


def test_many_problems_of_a_kind_are_counted() -> None:
    told = nostro("read", given=long_list(500).replace(b"EUR", b"XXY"))
    assert told.stderr.count(b"[unknown_currency]") == 21
    assert b"and 480 more [unknown_currency]" in told.stderr


def test_a_reader_that_has_seen_enough_ends_it_quietly(tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    big.write_bytes(long_list(20_000))
    for shape in ("jsonl", "json", "csv"):
        script = f"{sys.executable} -c '{CODE}' read {big} --as {shape} | head -c 100 >/dev/null"
        told = subprocess.run(
            ["bash", "-c", f'{script}; echo "${{PIPESTATUS[0]}}"'], cwd=ROOT, capture_output=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert told.stdout.strip() == b"141"
        assert told.stderr == b""


@pytest.mark.parametrize(
    ("shape", "sent", "code"),
    [
        ("jsonl", signal.SIGINT, 130),
        ("csv", signal.SIGINT, 130),
        ("parquet", signal.SIGINT, 130),
        ("csv", signal.SIGTERM, 143),
    ],
)
def test_ctrl_c_and_sigterm_leave_no_part(
    tmp_path: Path, shape: str, sent: signal.Signals, code: int
) -> None:
    words = ["read", "--as", shape, "--out", tmp_path / "o", "-"]
    running = subprocess.Popen(
        [sys.executable, "-c", CODE, *map(str, words)], cwd=ROOT, stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    assert running.stdin is not None
    running.stdin.write(long_list(60_000))
    running.stdin.flush()
    until = time.monotonic() + 60
    while not list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    running.send_signal(sent)
    time.sleep(0.2)
    running.stdin.close()
    assert running.wait(timeout=60) == code
    assert list(tmp_path.iterdir()) == []


def test_a_terminal_gets_a_summary_with_the_verdict() -> None:
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", CODE, "read", CAMT], cwd=ROOT, stdout=slave, stderr=slave,
        stdin=slave, check=False, timeout=60, env={**os.environ, "COLUMNS": "120"},
    )  # fmt: skip
    os.close(slave)
    shown = os.read(master, 1 << 16).decode()
    os.close(master)
    assert done.returncode == 0
    assert "closes" in shown
    assert "10,000.00" in shown
    assert '{"record"' not in shown


def test_originals_are_never_written_over(tmp_path: Path) -> None:
    mine = tmp_path / "s.xml"
    mine.write_bytes(CAMT.read_bytes())
    told = nostro("read", mine, "--out", mine)
    assert told.returncode == 2
    assert b"[out_is_input]" in told.stderr
    assert mine.read_bytes() == CAMT.read_bytes()


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    big = tmp_path / "big.csv"
    big.write_bytes(long_list(60_000))
    measure = (
        "import atexit, resource\natexit.register(lambda: print(resource.getrusage(0).ru_maxrss))"
    )
    peak = {}
    for name, path in (("small", LIST), ("big", big)):
        told = subprocess.run(
            [sys.executable, "-c", f"{measure}\n{CODE}", "read", path, "--out", tmp_path / "o"],
            cwd=ROOT, capture_output=True, check=False, timeout=300,
        )  # fmt: skip
        peak[name] = int(told.stdout.split()[-1])
    assert peak["big"] < peak["small"] + 15_000


def test_no_database_and_no_heavy_library_is_loaded() -> None:
    loaded = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    told = subprocess.run(
        [sys.executable, "-c", f"{loaded}\n{CODE}", "read", str(CAMT)], cwd=ROOT,
        capture_output=True, check=False, timeout=60, text=True,
    )  # fmt: skip
    modules = set(told.stderr.splitlines()[-1].split())
    assert not {"django", "polars", "psycopg", "nostro.app"} & modules


# --- Profiles and options -------------------------------------------------------------------------


def test_a_layout_of_ones_own_is_a_file(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('decimal = ","\ncurrency = "EUR"\n[columns]\nbooked = "Tag"\namount = "Wert"\n')
    told = nostro("read", "--profile", mine, given=b"Tag;Wert\n2026-11-20;1,50\n")
    assert [line["amount"]["minor"] for line in lines(told) if line["record"] == "entry"] == [150]


def test_options_are_checked() -> None:
    assert b"[unknown_option]" in nostro("read", "--colour").stderr
    told = nostro("read", CAMT, "--option", "colour=red")
    assert told.returncode == 2
    assert b"[profile_option_wrong]" in told.stderr
    told = nostro("read", LIST, "--option", "account=A-1")
    assert told.returncode == 0


# --- Packed files ---------------------------------------------------------------------------------


def zipped(**members: bytes) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return packed.getvalue()


def test_packed_files_are_opened(tmp_path: Path) -> None:
    data = zipped(a=CAMT.read_bytes(), b=LIST.read_bytes())
    told = lines(nostro("read", given=data))
    assert [line["name"] for line in told if line["record"] == "input_file"] == [
        "stdin:a",
        "stdin:b",
    ]
    packed = tmp_path / "s.xml.gz"
    packed.write_bytes(gzip.compress(CAMT.read_bytes()))
    assert lines(nostro("read", packed))[0]["format"] == "camt_053"
    workbook = GOLDEN / "bank_xlsx" / "generic_numbers_and_dates.in"
    assert lines(nostro("read", workbook))[0]["format"] == "bank_xlsx"


def opened(data: bytes) -> str:
    """The code with which an archive is refused, or ""."""
    try:
        for _, member in container.members(BytesIO(data), "a.zip"):
            while member.read(1 << 16):
                pass
    except Invalid as refused:
        assert refused.location  # noqa: PT017 - both outcomes are right, one has a place.
        return refused.code
    return ""


def test_hostile_and_broken_archives_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    good = zipped(a=b"x" * 1000)
    assert opened(good) == ""
    assert opened(good[:-10]) == "archive_damaged"
    assert opened(gzip.compress(b"x" * 9999)[:-9]) == "archive_damaged"
    assert opened(good[:33] + b"\0\0" + good[35:]) == "archive_damaged"
    assert opened(zipped()[:0] + b"PK\x05\x06" + b"\0" * 18) == "archive_empty"
    assert opened(zipped(a=good)) == "archive_nested"
    assert opened(gzip.compress(good)) == "archive_nested"
    protected = bytearray(good)
    protected[6] |= 1
    protected[good.index(b"PK\x01\x02") + 8] |= 1
    assert opened(bytes(protected)) == "archive_encrypted"
    monkeypatch.setattr(container, "MEMBERS_MAX", 1)
    assert opened(zipped(a=b"1", b=b"2")) == "archive_too_many"


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(a=data)])
def test_a_bomb_is_refused_before_it_bursts(pack: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "RATIO_FROM_BYTES", 1 << 20)
    assert opened(pack(bytes(20 << 20))) == "archive_too_large"
    monkeypatch.setattr(container, "TOTAL_BYTES_MAX", 1000)
    assert opened(pack(os.urandom(5000))) == "archive_too_large"


# --- check, write, convert, formats ---------------------------------------------------------------


def test_check_is_strict_and_tells_line_and_column() -> None:
    assert nostro("check", CAMT).returncode == 0
    told = nostro("check", GOLDEN / "camt_053" / "broken_version_02_envelope_latin1.in", "--json")
    assert told.returncode == 1
    problems = json.loads(told.stdout)
    found = next(one for one in problems if one["code"] == "schema_violation")
    assert found["line"] > 0
    assert found["column"]
    assert {"file", "severity", "sentence", "can_do"} <= found.keys()
    assert json.loads(nostro("check", CAMT, "--json").stdout) == []
    assert nostro("check", "missing").returncode == 2
    assert nostro("check", "/dev/null").returncode == 1


@pytest.mark.parametrize("shape", ["jsonl", "json"])
def test_what_was_read_can_be_written(shape: str, tmp_path: Path) -> None:
    told = nostro("read", PAIN, "--as", shape).stdout
    out = tmp_path / "p.xml"
    assert nostro("write", "pain.001", "--out", out, given=told).returncode == 0
    again = nostro("read", out, "--as", shape).stdout
    assert nostro("write", "pain_001", given=again).stdout == out.read_bytes()


@pytest.mark.parametrize(
    ("given", "code", "place"),
    [
        (b"", b"empty_file", b""),
        (b"{", b"record_wrong", b"line 1"),
        (b"[]", b"nothing_to_write", b""),
        (b'{"record": "entry"}', b"record_wrong", b"line 1"),
        (b'\n{"record": "input_file", "name": "a"}\n{"record": "x"}', b"record_kind", b"line 3"),
        (b'[{"batches": 1}]', b"record_wrong", b"document 1"),
        (b"[1]", b"record_kind_missing", b"document 1"),
    ],
)
def test_wrong_records_are_refused_with_their_line(given: bytes, code: bytes, place: bytes) -> None:
    told = nostro("write", "pain_001", given=given)
    assert told.returncode == 2
    assert b"[" + code in told.stderr
    assert place in told.stderr
    assert told.stdout == b""


def test_a_writer_takes_its_own_kind_of_document() -> None:
    statement = nostro("read", CAMT).stdout
    assert b"[wrong_document]" in nostro("write", "pain_001", given=statement).stderr
    payments = nostro("read", PAIN).stdout
    assert b"[several_documents]" in nostro("write", "pain_001", given=payments * 2).stderr
    assert b"[format_is_read_only]" in nostro("write", "bank_csv", given=statement).stderr


def test_fitting_is_asked_for_and_every_change_is_told() -> None:
    told = nostro("read", PAIN).stdout.replace(b"Atelier", "Ätelier".encode())
    foreign = told.replace(b'"initiator":{"name":"', '"initiator":{"name":"Ø'.encode(), 1)
    assert foreign != told
    refused = nostro("write", "pain.001", given=foreign)
    assert (refused.returncode, refused.stdout) == (2, b"")
    fitted = nostro("write", "pain.001", "--fit", given=foreign)
    assert fitted.returncode == 0, fitted.stderr
    assert "initiator name: 'Ø".encode() in fitted.stderr
    assert b" -> 'O" in fitted.stderr
    again = nostro("write", "pain.001", "--fit", given=nostro("read", given=fitted.stdout).stdout)
    assert (again.stderr, again.stdout) == (b"", fitted.stdout)
    assert b"[format_not_fitted]" in nostro("write", "mt940", "--fit", given=told).stderr


def test_convert_says_what_is_lost_and_writes_nothing_it_cannot(tmp_path: Path) -> None:
    old = GOLDEN / "pain_001" / "two_rails_version_03.in"
    out = tmp_path / "p.xml"
    told = nostro("convert", old, "--to", "pain.001", "--out", out)
    assert told.returncode == 0, told.stderr
    assert lines(nostro("read", out))[0]["format"] == "pain_001"
    told = nostro("convert", CAMT, "--to", "csv")
    assert told.stdout.startswith(b"file,account,")
    assert nostro("convert", CAMT, "--to", "pain.002").returncode == 2
    assert nostro("convert", "missing", "--to", "pain.001").returncode == 2


@pytest.mark.parametrize("target", ["camt.053", "mt940"])
def test_a_list_becomes_a_statement_message_and_losses_are_told(
    target: str, tmp_path: Path
) -> None:
    out = tmp_path / "statement"
    source = GOLDEN / "bank_csv" / "ing_nl_directions.in"
    told = nostro("convert", source, "--to", target, "--out", out)
    assert told.returncode == 0, told.stderr
    assert b"does not carry: entries.codes (1)" in told.stderr
    assert b"has no statement_id" in told.stderr
    before, after = nostro("read", source), nostro("read", out)
    assert [line["amount"] for line in lines(before) if line["record"] == "entry"] == [
        line["amount"] for line in lines(after) if line["record"] == "entry"
    ]
    assert lines(after)[-1]["verdict"]["verdict"] == "closes"


OPEN_END = MT940.read_bytes().replace(b"EUR5741,56", b"EUR5742,56")


def test_convert_tells_that_a_statement_does_not_close_and_what_was_made_up(
    tmp_path: Path,
) -> None:
    open_end, out = tmp_path / "a.sta", tmp_path / "a.xml"
    open_end.write_bytes(OPEN_END)
    told = nostro("convert", open_end, "--to", "camt.053", "--out", out)
    assert told.returncode == 1, told.stderr
    assert b"[does_not_close]" in told.stderr
    assert b"verdicts: does not close (1), closes (1)" in told.stderr
    assert b"camt_053 makes up: created_at (2), message_id (2)" in told.stderr
    assert nostro("read", out).returncode == 1
    told = nostro("convert", MT940, "--to", "camt.053")
    assert told.returncode == 0
    assert b"verdicts: closes (2)" in told.stderr


@pytest.mark.parametrize("shape", ["csv", "parquet"])
def test_convert_to_a_table_says_what_has_no_column(shape: str, tmp_path: Path) -> None:
    told = nostro("convert", CAMT, "--to", shape, "--out", tmp_path / "t")
    assert told.returncode == 0
    assert told.stderr.count(f"{shape} has no column for: ".encode()) == 1
    assert b"entries.details.codes (2)" in told.stderr
    assert b"balances (1)" in told.stderr
    told = nostro("convert", PAIN, "--to", shape, "--out", tmp_path / "t")
    assert b"batches.payments.counterparty.address (3)" in told.stderr
    assert b"batches.payments.amount" not in told.stderr


FORMULAS = (
    b"Booking date,Amount,Currency,Counterparty\n"
    b'2026-11-20,-1.00,EUR,"=HYPERLINK(""http://x"")"\n2026-11-20,2.00,EUR,@SUM(A1)\n'
)


@pytest.mark.parametrize(("raw", "mark"), [((), b"'"), (("--raw",), b"")])
def test_no_text_becomes_a_formula(raw: tuple[str, ...], mark: bytes) -> None:
    for words in (("read", "--as"), ("convert", "-", "--to")):
        told = nostro(*words, "csv", *raw, given=FORMULAS).stdout
        assert b",-1.00,EUR," in told
        assert b',"' + mark + b'=HYPERLINK(""http' in told
        assert b"," + mark + b"@SUM" in told


def test_a_planted_link_is_not_followed_and_nobodys_part_is_lost(tmp_path: Path) -> None:
    out, other = tmp_path / "o.csv", tmp_path / "other"
    other.write_text("mine")
    (tmp_path / "o.csv.part").symlink_to(other)
    assert nostro("read", CAMT, "--as", "csv", "--out", out).returncode == 0
    assert other.read_text() == "mine"
    assert (tmp_path / "o.csv.part").is_symlink()
    out.unlink()
    out.symlink_to(other)
    assert nostro("read", CAMT, "--as", "csv", "--out", out).returncode == 0
    assert other.read_text() == "mine"
    assert not out.is_symlink()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing" / "o", "/dev/null"):
        told = nostro("read", CAMT, "--out", place)
        assert (told.returncode, list(tmp_path.iterdir())) == (2, [])
        assert b"[out_unusable]" in told.stderr


def test_an_option_without_a_value_or_of_broken_json_is_told() -> None:
    for words in ("narrative", "lines=[1"):
        told = nostro("read", MT940, "--option", words)
        assert told.returncode == 2
        assert b"[option_wrong]" in told.stderr


def test_formats_are_listed_for_people_and_programs() -> None:
    listed = json.loads(nostro("formats", "--json").stdout)
    by_name = {form["name"]: form for form in listed}
    assert by_name["pain_001"]["written"]
    assert by_name["pain_001"]["versions"][0] == "02"
    assert by_name["pain_001"]["versions_written"][0] == "03"
    assert all(form["versions_written"] == [] for form in listed if not form["written"])
    assert b"02 to 13" in nostro("formats").stdout
    assert by_name["bank_csv"]["options"]["account"]["default"] == ""
    told = nostro("formats", "mt940").stdout.decode()
    assert "narrative" in told
    assert "auto" in told
    assert b"[unknown_format]" in nostro("formats", "nothing").stderr
