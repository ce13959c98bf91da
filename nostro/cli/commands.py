"""What each command takes and which room does it."""

from __future__ import annotations

import os
import sys
from typing import Annotated

from cyclopts import App, Parameter

from nostro import __version__
from nostro.cli.audit_commands import audit
from nostro.cli.backup_commands import backup, make_key, restore
from nostro.cli.bank import bank
from nostro.cli.binder_commands import binder
from nostro.cli.browser_reports import browser_reports
from nostro.cli.calendar_commands import calendar
from nostro.cli.check_commands import checks
from nostro.cli.compare_command import compare
from nostro.cli.connection_commands import connections
from nostro.cli.database_commands import database
from nostro.cli.duty_commands import changes
from nostro.cli.import_command import import_payments
from nostro.cli.ingest_command import ingest
from nostro.cli.key_commands import keys
from nostro.cli.match_command import match
from nostro.cli.matches_commands import matches
from nostro.cli.open_item_commands import open_items
from nostro.cli.partner_commands import partners
from nostro.cli.payee_commands import payees
from nostro.cli.payment_commands import payments
from nostro.cli.privacy_commands import privacy
from nostro.cli.remittance_commands import remittances
from nostro.cli.screening_commands import screening
from nostro.cli.secret_commands import evidence, secrets
from nostro.cli.set_up_commands import (
    accounts,
    customers,
    entities,
    people,
    single_sign_on,
)
from nostro.cli.statement_commands import statements

app = App(
    name="nostro",
    help="Connects the systems that know why money moves to the banks that move it.",
    version=f"nostro {__version__}",
)
app.command(audit)
app.command(browser_reports, name="browser-reports")
app.command(keys)
app.command(compare)
app.command(match)
app.command(bank)
app.command(payments)
app.command(ingest)
for group in (
    customers,
    people,
    changes,
    payees,
    matches,
    open_items,
    remittances,
    statements,
    entities,
    connections,
    calendar,
    checks,
    accounts,
    database,
    secrets,
    evidence,
    privacy,
    screening,
):
    app.command(group)
app.command(partners)
app.command(single_sign_on)
payments.command(name="import")(import_payments)
for command in (backup, restore):
    app.command(command)
keys.command(name="backup")(make_key)
audit.command(binder)


@app.command
def up(*, demo: bool = False, port: int | None = None) -> None:
    """Start database, web and worker in the foreground; Ctrl-C stops them.

    Examples: `nostro up`, `nostro up --demo`, `nostro up --port 9000`.

    Parameters
    ----------
    demo
        With the data of the demo, made first when it is not there.
    port
        The port of the console and the API; 0 takes a free one. Without: NOSTRO_PORT or 8480.
    """
    if port is not None:
        os.environ["NOSTRO_PORT"] = str(port)
    from nostro.cli.up import up

    up(demo=demo)


@app.command
def demo() -> None:
    """The main job on real files, told step by step. Safe to repeat.

    Examples: `nostro demo`, `NOSTRO_HOME=/tmp/another nostro demo`.
    """
    os.environ["NOSTRO_DEMO"] = "1"
    from rich.console import Console

    from nostro.cli.demo import run

    run(Console())


@app.command
def migrate() -> None:
    """Create roles and database if missing and bring the schema up to date. Safe to repeat.

    Example: `NOSTRO_DATABASE_ADMIN_URL=postgresql://postgres@db/postgres nostro migrate`.
    """
    from nostro.app import migrate

    migrate()
    print("The database is up to date.")


@app.command
def web(*, host: str | None = None, port: int | None = None) -> None:
    """The console and the API, in this process.

    Example: `nostro web --host 0.0.0.0 --port 8480`.

    Parameters
    ----------
    host
        The address to listen at. Without: NOSTRO_HOST or 127.0.0.1.
    port
        The port to listen at. Without: NOSTRO_PORT or 8480.
    """
    if host is not None:
        os.environ["NOSTRO_HOST"] = host
    if port is not None:
        os.environ["NOSTRO_PORT"] = str(port)
    from nostro.cli import web

    web.run()


@app.command
def worker() -> None:
    """The work behind the pages: payments released, banks asked, statements read.

    Start as many as needed, on any machine that reaches the database. Example: `nostro worker`.
    """
    os.environ["NOSTRO_WEB_THREADS"] = "0"  # the pool of connections is the web's
    from nostro.cli import work

    work.run()


@app.command
def quarantine(
    *,
    reason: str,
    customer: str = "",
    everybody: Annotated[bool, Parameter(name="--all", negative=())] = False,
) -> None:
    """After a restore, before anything is started: nothing leaves until the banks were asked.

    Example: `nostro quarantine --all --reason "restored from the backup of 02:00"`.

    Parameters
    ----------
    reason
        Why, for those who lift it.
    customer
        The code of one customer.
    everybody
        All customers.
    """
    from nostro.cli import quarantine

    quarantine.quarantine(customer, reason, everybody=everybody)


# A single "-" is a file (what is piped in), though it begins like an option.
Files = Annotated[str, Parameter(allow_leading_hyphen=True)]
Option = Annotated[list[str] | None, Parameter(name="--option", negative=())]


@app.command
def read(
    *files: Files,
    format_name: Annotated[str, Parameter(name="--format")] = "",
    profile: str = "",
    option: Option = None,
    shape: Annotated[str, Parameter(name="--as")] = "",
    out: str = "",
    raw: bool = False,
) -> None:
    """Read bank and payment files of any format; what they are shows in their content.

    Ends with 0: read. 1: some records cannot be used, or a statement does not close.
    2: a file was refused (the others were read all the same). Problems go to stderr.

    Examples: `nostro read statement.xml`, `nostro read *.zip --as csv --out entries.csv`,
    `nostro read - --profile rabobank < list.csv | jq .amount`.

    Parameters
    ----------
    files
        Files to read, also packed ones (ZIP, gzip); - or none: what is piped in.
    format_name
        The format, such as mt940, when the content does not show it. Else it is recognised.
    profile
        The bank's dialect or a list's layout: a name that we ship, or the path of a TOML file.
    option
        An option of the format, key=value; may be given several times.
    shape
        summary (on a terminal), jsonl (in a pipe: one record a line), json (whole documents),
        csv or parquet (one row for each transaction detail or payment).
    out
        The file to write; without it stdout. It has its name only when it is whole.
    raw
        In csv, texts as they are; without, an apostrophe keeps spreadsheets from running them.
    """
    from nostro.cli import read_files
    from nostro.cli.input_files import Wanted

    wanted = Wanted(format_name=format_name, profile=profile, options=tuple(option or ()))
    sys.exit(read_files.run(files, wanted, shape, out, raw=raw))


@app.command
def check(
    *files: Files,
    format_name: Annotated[str, Parameter(name="--format")] = "",
    profile: str = "",
    option: Option = None,
    json: bool = False,
) -> None:
    """Check files strictly: form, totals, balances and, for XML, the official schema.

    Ends with 0: nothing was found. 1: something was, warnings too. 2: a file cannot be opened.

    Examples: `nostro check statement.xml`, `nostro check *.xml --json | jq .code`.

    Parameters
    ----------
    files
        Files to check, also packed ones (ZIP, gzip); - or none: what is piped in.
    format_name
        The format, when the content does not show it.
    profile
        The bank's dialect or a list's layout: a name that we ship, or the path of a TOML file.
    option
        An option of the format, key=value; may be given several times.
    json
        A list of the problems on stdout: file, line, column, code, severity, sentence, what to do.
    """
    from nostro.cli import check_files
    from nostro.cli.input_files import Wanted

    wanted = Wanted(format_name=format_name, profile=profile, options=tuple(option or ()))
    sys.exit(check_files.run(files, wanted, as_json=json))


@app.command
def write(
    format_name: str,
    *,
    source: Annotated[str, Parameter(name="--in", allow_leading_hyphen=True)] = "-",
    out: str = "",
    profile: str = "",
    option: Option = None,
    fit: bool = False,
) -> None:
    """Write a bank file out of records in JSON, strictly: nothing is cut, changed or guessed.

    Takes what `nostro read` gives as jsonl or json (docs/schema describes it). What the format
    cannot carry is refused with 2 and the line of the record.

    Examples: `nostro write pain_001 --in payments.jsonl --out payments.xml`,
    `nostro write mt940 --in statement.json`, `nostro write nacha --profile mybank.toml < p.jsonl`.

    Parameters
    ----------
    format_name
        The format to write, such as pain_001 (pain.001 is understood).
    source
        The file with the records; - or none: what is piped in.
    out
        The file to write; without it stdout.
    profile
        The bank's dialect: a name that we ship, or the path of a TOML file.
    option
        An option of the format, key=value; may be given several times.
    fit
        First make the payments as their bank takes them (pain.001, pain.008): SEPA letters, ids
        that are missing or repeated. Every change is told on stderr: look before you approve.
    """
    from nostro.cli import write_file
    from nostro.cli.input_files import Wanted

    wanted = Wanted(format_name=format_name, profile=profile, options=tuple(option or ()))
    write_file.run(source, wanted, out, fit=fit)


@app.command
def convert(
    file: Files,
    *,
    to: str,
    out: str = "",
    format_name: Annotated[str, Parameter(name="--format")] = "",
    profile: str = "",
    option: Option = None,
    raw: bool = False,
) -> None:
    """Turn a file into another format and say what that one could not carry.

    The file is used whole or not at all; fields that were lost, changed or made up are counted on
    stderr. Ends with 0: written. 1: written, but it does not close or has errors. 2: refused.

    Examples: `nostro convert statement.sta --to camt.053 --out statement.xml`,
    `nostro convert statement.xml --to csv`.

    Parameters
    ----------
    file
        The file to read; - for what is piped in.
    to
        A format that is written (camt.053, mt940, bai2 ...), or csv, parquet, jsonl, json.
    out
        The file to write; without it stdout.
    format_name
        The format of the file to read, when its content does not show it.
    profile
        The dialect of the file to read.
    option
        An option of the format to write, key=value; may be given several times.
    raw
        In csv, texts as they are; without, an apostrophe keeps spreadsheets from running them.
    """
    from nostro.cli import convert_file
    from nostro.cli.input_files import Wanted

    wanted = Wanted(format_name=format_name, profile=profile)
    sys.exit(convert_file.run(file, wanted, to, out, tuple(option or ()), raw=raw))


@app.command
def formats(name: str = "", *, json: bool = False) -> None:
    """The file formats that are read and written; with a name, its options and their meaning.

    Examples: `nostro formats`, `nostro formats mt940`, `nostro formats --json`.

    Parameters
    ----------
    name
        One format, such as camt_053.
    json
        The same for programs.
    """
    from nostro.cli import format_list

    format_list.show(name, as_json=json)


@app.command
def version() -> None:
    """Which version this is. Example: `nostro version`."""
    print(f"nostro {__version__}")
