"""Watch lists on the terminal: bringing them into force, their age, asking for a name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from nostro import app
from nostro.cli import terminal
from nostro.cli.input_files import opened_file
from nostro.domain.errors import Invalid
from nostro.domain.policies.screening import Payee, findings, too_old
from nostro.matching.names.words import spelled


def load(files: Sequence[str], code: str, published: str, *, anyway: bool = False) -> None:
    acting = terminal.acting_above()
    from nostro.storage import watch_lists
    from nostro.workflows import watch_list_loading

    was = {one.code: one for one in watch_lists.loaded(only_in_force=True)}
    with ExitStack() as opened:
        streams = [(Path(name).name, opened.enter_context(opened_file(name))) for name in files]
        day = _day(published)
        loaded = watch_list_loading.load(acting, streams, code, day, anyway=anyway)
    told = loaded.as_in_force().told()
    print(f"{told}: {loaded.entries:,} entries with {loaded.names:,} names are in force.")
    if before := was.get(loaded.code):
        print(f"Before: {before.as_in_force().told()}, {before.entries:,} entries.")


def list_lists() -> None:
    world = app.start()
    from nostro.storage import watch_lists
    from nostro.workflows import screening

    loaded = watch_lists.loaded(only_in_force=True)
    old = too_old([one.as_in_force() for one in loaded], world.clock.now().date(),
                  screening.STANDARD)  # fmt: skip
    table = Table("list", "published", "entries", "names", "loaded", "by", "")
    for one in loaded:
        aged = "too old" if str(one.id) in {each.id for each in old} else ""
        told = one.published_on.isoformat() if one.published_on else "not said"
        loaded_at = f"{one.loaded_at:%Y-%m-%d %H:%M}"
        counts = f"{one.entries:,}", f"{one.names:,}"
        table.add_row(one.code, told, *counts, loaded_at, one.loaded_by, aged)
    Console().print(table if loaded else "No list is loaded: payees are compared with none.")


def remove(code: str) -> None:
    acting = terminal.acting_above()
    from nostro.workflows import watch_list_loading

    if watch_list_loading.remove(acting, code):
        print(f"Payees are not compared with {code} any more.")
    else:
        print(f"{code} was not in force.")


def check(name: str, country: str, born: str, registration: str, least: int) -> None:
    if not spelled(name):
        raise Invalid(
            "name_not_comparable",
            f"{name[:40]!r} has no letters or digits that could be compared.",
            "Nobody was looked for.",
            "Give the name of a person or company, in any script.",
            field="name",
        )
    app.start()
    from nostro.workflows import screening

    rules = screening.STANDARD
    if not 0 <= least <= 100:
        raise Invalid(
            "percent_out_of_range",
            f"No name is {least} % like another.",
            "Nothing was compared.",
            "Give 1 to 100, or leave --least away.",
            field="least",
        )
    if least:
        rules = msgspec.structs.replace(rules, least_percent=least)
    payee = Payee(name=name, country=country.upper(), born=born, registration=registration)
    found = screening.look_up(payee, rules)
    for finding in findings(payee, found):
        print(finding.sentence)
    if not found:
        print(f"Nobody on the lists in force is {rules.least_percent} % like '{name}'.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid(
            "day_invalid",
            f"{text!r} is not a day.",
            "Nothing was loaded.",
            "Write --published like 2026-11-30.",
            field="published",
        ) from None
