"""Who acts at the terminal, for which customer, and what is told in files instead of typed."""

from __future__ import annotations

import getpass
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nostro import app
from nostro.domain.errors import Invalid, Refused
from nostro.domain.event import Actor

if TYPE_CHECKING:
    from nostro.domain.party import Member
    from nostro.workflows.context import Acting


NOBODY = UUID(int=0)  # No customer.


def actor() -> Actor:
    return Actor(kind="job", id="terminal", name=f"{getpass.getuser()} at the terminal")


def acting(customer: str) -> Acting:
    """The operator, for the customer of this code or the only one."""
    world = app.start()
    from nostro.cli import customers
    from nostro.workflows.context import Acting

    return Acting(tenant_id=customers.one(customer).id, actor=actor(), world=world)


def acting_above() -> Acting:
    """The operator, for what stands above customers."""
    world = app.start()
    from nostro.workflows.context import Acting

    return Acting(tenant_id=NOBODY, actor=actor(), world=world)


def each(customer: str) -> Iterator[tuple[str, Acting]]:
    """The operator, for the customer of this code or for every one, with their codes."""
    world = app.start()
    from nostro.cli import customers
    from nostro.workflows.context import Acting

    for row in customers.named(customer):
        yield row.code, Acting(tenant_id=row.id, actor=actor(), world=world)


def person(customer: str, email: str, password_file: str) -> tuple[Acting, Member]:
    """A person who says by a password who he is; raises Refused when it is not his."""
    world = app.start()
    from nostro.cli import customers
    from nostro.storage import passwords, people
    from nostro.workflows.context import Acting

    password = secret_text("password", password_file)
    tenant_id = customers.one(customer).id
    person_id = passwords.person_with(email, password)
    _second_step(person_id)
    member = people.member(tenant_id, person_id, world.clock.now())
    who = Actor(kind="person", id=member.id, name=member.name)
    return Acting(tenant_id=tenant_id, actor=who, world=world), member


def _second_step(person_id: UUID) -> None:
    """Who has set up more than a password proves himself by it here, too. Raises Refused."""
    from nostro.storage import proofs, sign_ins

    found = sign_ins.factors(person_id)
    if not found.any:
        return
    code = secret_text("code of your authenticator app, or a recovery code", "")
    if not (proofs.by_authenticator(person_id, code) or proofs.by_recovery_code(person_id, code)):
        raise Refused(
            "second_step_refused",
            "This code does not prove that it is you.",
            can_do="Try the code that your app shows now, or a recovery code; each counts once."
            " A passkey works in the console only.",
        )


def secret_text(name: str, file: str) -> str:
    """A secret out of a file, from stdin (-), or typed without being shown; never an argument."""
    if file == "-":
        return sys.stdin.read().rstrip("\n")
    if file:
        return content_of(name, file).rstrip("\n")
    if not sys.stdin.isatty():
        raise Invalid(
            "secret_missing",
            f"The {name} was not given.",
            can_do=f"Name a file that holds it, or - and pipe it in; {name} is never an argument.",
            field=name,
        )
    return getpass.getpass(f"{name}: ")


def content_of(name: str, file: str) -> str:
    try:
        return Path(file).read_text()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise Invalid(
            "file_not_readable",
            f"{file}, for {name}, cannot be read: {why}.",
            can_do="Check its name and who may read it.",
            field=name,
        ) from error


def pairs(words: Sequence[str], option: str) -> list[tuple[str, str]]:
    """NAME=VALUE words, apart; raises Invalid for one that is not."""
    found = []
    for word in words:
        name, is_one, value = word.partition("=")
        if not is_one or not name:
            raise Invalid(
                "option_wrong",
                f"--{option} cannot be {word[:60]!r}.",
                can_do="Write it like NAME=VALUE.",
                field=option,
            )
        found.append((name, value))
    return found


def settings(file: str, words: Sequence[str], several: Sequence[str]) -> dict[str, Any]:
    """Settings out of a TOML file and of NAME=VALUE words; NAME=@FILE takes the file's content.

    `several` are the settings that may be given more than once.
    """
    found: dict[str, Any] = _of_file(file) if file else {}
    for name, value in pairs(words, "set"):
        text = content_of(name, value[1:]) if value.startswith("@") else value
        if name in several:
            found[name] = [*found.get(name, []), text]
        else:
            found[name] = text
    return found


def _of_file(file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content_of("settings", file))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(
            "settings_not_readable",
            f"{file} is no TOML: {error}.",
            can_do="Write one setting a line, like host = 'sftp.bank.example'.",
            field="settings",
        ) from error
