"""The command line: every word an operator types. Each command loads only what it needs."""

from __future__ import annotations

import sys
from typing import Final

HELP: Final = """\
Nostro connects the systems that know why money moves to the banks that move it.

Usage: nostro COMMAND [--help]

Everything on this machine
  up                   Start database, web and worker in the foreground; Ctrl-C stops them
  demo                 The main job on real files, told step by step
In production, one process each
  migrate              Create or update the database
  web                  The console and the API
  worker               The work behind them
  database start       Start the embedded one alone: to dump, restore or look into it
  database stop        Stop it
  database environment What pg_dump and psql need to reach it, for the shell
  database empty       Put its data aside and make an empty one, to restore into
  database archiving   Whether an external one can be restored to any minute
  database returned    After it came back at a point in time: quarantine everybody
To set up, from nothing to a customer that pays
  customers add        A customer
  customers list       Which there are
  partners list        Who hosts customers, and their people
  partners join        A person of a partner's; opens no customer yet
  partners grant       Open a customer to a person of its partner
  partners withdraw    Close it again
  partners leave       Close every customer to a person who leaves the partner
  people add           Who signs in and approves
  people invite        A link by which somebody joins and chooses a password
  people recover       A new password for somebody who has lost all
  people list          Who works here, and how far each role reaches
  people duties        What each role may do
  people conflicts     Who has duties that do not mix, and where too few are left
  single-sign-on connect  A company's own service says who its people are
  entities add         A company of the customer's group
  connections kinds    Ways to banks and ERPs, and what each asks for
  connections create   Connect a bank or an ERP; nothing is sent
  connections list     Which there are
  connections show     One with its settings and who changed what
  connections change   Change settings, saying why
  connections test     Sign in and look, send nothing
  connections stop     Stop it at once
  calendar show        Until when banks take payments, and which days are closed
  calendar bank        What one bank has agreed to, version by version
  calendar change      Say it anew, with a day from which it counts
  accounts add         A bank account and the connection that reaches it
  accounts list        Which there are
  accounts attach      Move one to another connection
Changes of access, rules and bank details that two people make
  changes kinds        What can be changed, and what each asks for
  changes list         What was asked for
  changes show         One with before and after
  changes try          Which past payments one would have treated otherwise; stores nothing
  changes ask          Ask for one
  changes agree        Agree to what somebody else asked for
  changes refuse       Say no, or take back one's own
Whom the customer pays
  payees import        Ask for a file of payees; somebody else agrees
  payees show          One, with every version of his account
  payees penny-test    Pay a few cents with a code that the payee tells back
  payees verify        Ask his bank whether the account is in his name
What customers owe
  open-items import    Take in a list; the newest told counts, a complete one closes the rest
  open-items list      What is open, due first
  matches waiting      Bank lines that wait for a person, and what is proposed of them
  matches list         What was matched, by whom, and what was undone
  matches confirm      Confirm what is proposed, one or many, as a person
  matches refuse       Say why a proposal is wrong
  matches undo         Take a match back, with a reason
Payments
  payments import      Take in a run: a list, or the payment file of an ERP; safe to repeat
  ingest               Bank statements from files and folders, each line once
  statements compare   What a stored statement tells, read anew after a mended profile
  statements reread    Write that, as a person with a reason
  payments list        Find them: by state, payee, number, reference, day
  payments show        Where one is, what happens next, and all that happened to it
  payments hold        Hold what has not left, until a person releases it
  payments release     Release what is held, as a person
  payments deny        Deny what is held for good, one, many or a whole run
  payments approve     Approve, as a person; it takes two
  payments recall      Cancel what has not left, ask back what has
  payments letter      The letter to the bank about a file, as PDF
Checks that were issued
  checks import        Enter them from a file of any layout; safe to repeat
  checks list          The register, and numbers that nobody entered
  checks void          One was never given out: the bank is told
  checks stop          One is lost or must not be paid: the bank is told
Those who must not be paid
  screening load       A list from OFAC, the EU, the UN or the UK: payees are compared with it
  screening list       Which are in force, and how old each is
  screening check      Whom a name is like
  screening remove     Compare with a list no more
Bank and payment files (no installation needed)
  read                 What is in a file: to look at, or as jsonl, json, csv, parquet
  check                Whether a file keeps its format, totals, balances and schema
  write                A bank file out of records in JSON
  convert              From one format to another, saying what is lost
  compare              What two payment files would pay differently, payment by payment
  match                Which open items bank transactions pay, and how sure that is
  remittances read     What payments in a file are for, as their payers tell it
  formats              The file formats that are read and written
To learn, to test, to rehearse
  bank                 A simulated bank: folders, SFTP and REST; it misbehaves on request
  bank personalities   How it can misbehave
To look and to prove
  audit verify         Prove that no customer's log was changed
  audit binder         One archive for the auditor: controls, populations, access, changes
  audit export         A customer's log, for whoever checks it without nostro
  audit pack           A payment, a line or a period with its evidence, signed, checked offline
  audit checkpoint     Sign how the logs are, now
  audit fetch          The signatures that an object store keeps, for whoever checks
  audit key            The public key of these signatures
  audit change-key     Sign with another key from now on
  backup               Save database and secrets into one encrypted file, proven
  restore              Bring a backup back; nothing leaves until the banks were asked
  quarantine           After a restore by other means: nothing leaves meanwhile
  keys backup          Make the key that backups are encrypted with
  keys issue           Make an API key and show it once
  keys list            Which there are, whose, and when each was used
  keys draw            Show the token of a key that was agreed to, once
  keys rotate          Make the key that goes on from one
  keys end             End one at once
  keys callback        Make the address at which a bank calls us and show it once
  secrets list         What access hangs on: age, expiry and owner, never a secret itself
  secrets rotate       A new key beside the old one
  secrets import       Move credentials from files into the database, locked
  evidence lock        Lock files that were kept before there were keys
  evidence keep-for    How long files are kept
  evidence hold        Forbid erasing: a legal hold
  evidence lift        End a legal hold
  evidence erase       Erase a file for good, unless it must be kept
  evidence due         What is kept, what may be erased, which holds are in force
  evidence verify      Read every kept file again: is it what came or left?
  evidence move        Between the database and an object store
  evidence sweep       What an object store lacks, or keeps for nothing
  privacy show         How much is held about a payee, and from when on it may be erased
  privacy export       All of it as one archive for him
  privacy user         All that is held about somebody who signs in
  privacy erasures     Every erasure so far: to keep beside the backups
  privacy repeat       After a restore: erase again what the backup has brought back
  browser-reports      What browsers refused on our pages; best is nothing
  version              Which version this is

Examples
  nostro up --demo            A company's data to look at, at http://127.0.0.1:8480
  nostro up --port 9000       Another port
  nostro read statement.xml   What the bank says, and whether it adds up
  NOSTRO_HOME=/srv/nostro nostro up

Settings are environment variables: NOSTRO_HOME, NOSTRO_PORT, NOSTRO_DATABASE_URL, NOSTRO_LOG=json.
"""


def main() -> None:
    """Run one command; every failure ends in plain sentences and a number."""
    from nostro.cli.output_file import quiet_pipe

    with quiet_pipe():
        _answer(sys.argv[1:])


def _answer(words: list[str]) -> None:
    if words in ([], ["--help"], ["-h"], ["help"]):  # answered at once, without the parser
        print(HELP, end="")
        return
    if words in (["version"], ["--version"]):
        from nostro import __version__

        print(f"nostro {__version__}")
        return
    _run(words)


def _run(words: list[str]) -> None:
    from nostro.cli import failures
    from nostro.cli.output_file import reader_left

    try:
        if words in (["up"], ["up", "--demo"]):  # typed most, awaited most: without the parser
            from nostro.cli.up import up

            up(demo=len(words) == 2)
        else:
            from nostro.cli.commands import app

            app(words)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if reader_left(error):  # Our main ends without a word.
            raise
        known = failures.understood(error)
        if known is not None:
            failures.show(known)
            raise SystemExit(failures.exit_code(known)) from error
        path = failures.keep_traceback(error)
        print(f"This is our mistake: {type(error).__name__}; details: {path}", file=sys.stderr)
        raise SystemExit(1) from error
    finally:
        if (joined := sys.modules.get("nostro.app")) is not None:
            joined.leave()
