"""What the commands about connections to banks and ERPs take."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Annotated, Final

from cyclopts import App, Parameter

from nostro.cli.shared_options import UNSAID, Alone

connections = App(name="connections", help="Ways to banks and ERPs: set up, look, try, stop.")

Words = Annotated[list[str] | None, Parameter(negative=())]


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Given:
    """Settings and secrets of a connection.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    set
        A setting, NAME=VALUE, or NAME=@FILE for the content of a file; may be given several times.
    settings
        A TOML file with settings.
    secret
        NAME=FILE, or NAME=- for stdin: a secret is never an argument. May be given several times.
    fingerprint
        What the bank says is its SFTP server's fingerprint (SHA256:...): that key is pinned.
    """

    customer: str = ""
    set: Words = None
    settings: str = ""
    secret: Words = None
    fingerprint: str = ""


NOTHING: Final = Given()


@connections.command
def kinds(kind: str = "") -> None:
    """The kinds of connections there are; with a name, its settings, secrets and what it can do.

    Examples: `nostro connections kinds`, `nostro connections kinds sftp`.

    Parameters
    ----------
    kind
        One kind, such as sftp.
    """
    from nostro.cli import connection_work

    connection_work.show_kinds(kind)


@connections.command
def create(name: str, *, kind: str, given: Given = NOTHING, alone: Alone = UNSAID) -> None:
    """Set up a connection. An SFTP server's host key counts once its fingerprint is confirmed.

    Where two people can decide on access it is asked for; its secrets are given once it is there.

    Examples: `nostro connections create Bank --kind host_folder --set drop_folder=/bank/in
    --set pickup_folder=/bank/out`, `nostro connections create Bank --kind sftp
    --settings bank.toml --secret password=/run/secrets/bank --fingerprint SHA256:...`.

    Parameters
    ----------
    name
        What it is called here.
    kind
        One of `nostro connections kinds`.
    """
    from nostro.cli import connection_work

    connection_work.create(name, kind, given, alone)


@connections.command(name="list")
def list_connections(*, customer: str = "") -> None:
    """The connections there are, and whether one is stopped.

    Example: `nostro connections list`.

    Parameters
    ----------
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import connection_work

    connection_work.show_all(customer)


@connections.command
def show(name: str, *, customer: str = "") -> None:
    """One connection: settings, which secrets it has, its accounts, and how it was changed.

    Example: `nostro connections show Bank`.

    Parameters
    ----------
    name
        Its name.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import connection_work

    connection_work.show(name, customer)


@connections.command
def change(
    name: str,
    *,
    reason: str,
    given: Given = NOTHING,
    despite_doubt: bool = False,
    break_glass: bool = False,
) -> None:
    """Change settings or secrets; the log keeps what was before, and why.

    Where two people can decide on access, settings are asked for. A secret is renewed at once: it
    opens nothing but what the settings say.

    Example: `nostro connections change Bank --set port=2222 --reason "the bank moved" \
--fingerprint SHA256:...`.

    Parameters
    ----------
    name
        Its name.
    reason
        Why; it stays in the log.
    despite_doubt
        Also while nobody knows whether the other side has a file: only if it stays the same bank.
    break_glass
        For an emergency: do it at once and alone, with an alarm, where two people decide otherwise.
    """
    from nostro.cli import connection_work

    alone = Alone(reason=reason, break_glass=break_glass)
    connection_work.change(name, given, alone, despite_doubt=despite_doubt)


@connections.command(name="test")
def try_out(name: str, *, customer: str = "") -> None:
    """Sign in and look, without sending anything; says what the connection can do. Ends with 1 when
    something did not work.

    Example: `nostro connections test Bank`.

    Parameters
    ----------
    name
        Its name.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import connection_work

    if not connection_work.try_out(name, customer):
        sys.exit(1)


@connections.command
def stop(name: str, *, reason: str, customer: str = "") -> None:
    """Stop a connection at once: nothing leaves over it until two people have lifted the stop.

    Example: `nostro connections stop Bank --reason "the bank reports an intrusion"`.

    Parameters
    ----------
    name
        Its name.
    reason
        Why, for those who lift it.
    customer
        The code of the customer; not needed where there is only one.
    """
    from nostro.cli import connection_work

    connection_work.stop(name, customer, reason)
