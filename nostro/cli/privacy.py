"""A payee's data on the terminal: shown, written into an archive, erased after a restore."""

from __future__ import annotations

import sys

import msgspec
from rich.console import Console
from rich.table import Table

from nostro.cli import terminal
from nostro.cli.output_file import output
from nostro.domain.errors import Invalid


def show(number: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import personal_data

    held = personal_data.held(acting, number)
    table = Table("held about him", "how many")
    for name, count in held.rows.items():
        table.add_row(name.replace("_", " "), str(count))
    table.add_row("files in which he occurs", str(held.files))
    table.add_row("events", str(held.events))
    Console().print(table)
    if held.why_not:
        print(held.why_not)
        print(held.when)
    else:
        print("He may be erased; two people do it. One of them asks:")
        print(f"""nostro changes ask payee_erasure '{{"number": "{number}"}}' --reason "..." """)


def export(number: str, file: str, reason: str, *, with_files: bool, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import personal_data

    with output(file, private=True) as out:
        digest = personal_data.export(acting, number, reason, out.stream, with_files=with_files)
    print(f"{file}: person.json has the SHA-256 {digest}, as the log says.")


def user(email: str, file: str, reason: str, customer: str) -> None:
    acting = terminal.acting(customer)
    from nostro.workflows import personal_profile

    with output(file, private=True) as out:
        digest = personal_profile.export(acting, email, reason, out.stream)
    print(f"{file} has the SHA-256 {digest}, as the log says.")


def erasures(file: str, customer: str) -> None:
    acting = terminal.each(customer)
    from nostro.workflows import personal_data

    with output(file, private=True) as out:
        for _, one in acting:
            for found in personal_data.erasures(one):
                out.stream.write(msgspec.json.encode(found) + b"\n")


def repeat(file: str, customer: str) -> None:
    from nostro.workflows import personal_data

    acting = terminal.each(customer)
    lines = terminal.content_of("erasures", file).splitlines()
    try:
        done = [msgspec.json.decode(line, type=personal_data.Erasure) for line in lines]
    except msgspec.DecodeError as error:
        raise Invalid(
            "erasures_unreadable",
            f"{file} is no list of erasures: {error}.",
            "Nothing was erased.",
            "Give what `nostro privacy erasures` wrote.",
            field="file",
        ) from None
    kept = False
    for code, one in acting:
        again = personal_data.repeat(one, done)
        print(f"{code}: {again.erased} erased again.")
        for why in again.kept:
            print(f"{code}: not erased again: {why}")
        kept = kept or bool(again.kept)
    if kept:
        sys.exit(1)
