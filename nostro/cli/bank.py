"""`nostro bank`: a made-up bank to learn with, to test against, and to rehearse a go-live."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

bank = App(name="bank")

Flag = Annotated[bool, Parameter(negative=())]


@Parameter(name="*")
@dataclass(kw_only=True)
class Wanted:
    """What kind of bank it shall be.

    Parameters
    ----------
    host
        The address to listen at.
    port
        The port of the REST door; 0 takes a free one.
    sftp_port
        With it there is an SFTP door to --folder; 0 takes a free port.
    folder
        With it there is a folder door: the bank takes from FOLDER/in and writes to FOLDER/out.
    personality
        What goes wrong: NAME[:VARIANT][=PER_MILLE], several with commas. Without: nothing does.
        `nostro bank personalities` lists them.
    seed
        The same seed and the same files give the same day.
    script
        A file (TOML, JSON or lines) that says what happens to a file, a payment or a payee.
    account
        An account, IBAN:CURRENCY:BALANCE; may be given several times. Without any, an account opens
        with ten million at its first payment.
    state
        The file in which the bank remembers everything over a restart. Without: nothing.
    clock
        The bank's date and time at the start (ISO 8601, UTC), from which its clock runs on.
    deduplicates
        The same message id counts once. Without: every file that comes is paid.
    level
        How finely pain.002 speak: transaction, batch or group.
    done_suffix
        A file counts only once a file of its name and this suffix (.done) is there.
    acknowledges
        FOLDER/out gets an empty file MESSAGE-ID.ack for each file taken.
    client_id
        With it the REST door wants a token (OAuth 2.0 client credentials).
    client_secret
        The secret of that client.
    signed_by
        A public key (PEM): files must carry its signature in x-jws-signature.
    callback
        The address to call with each message.
    callback_secret
        The secret of those calls (whsec_...). Without: one is made and shown.
    sftp_user
        The name to sign in with over SFTP.
    sftp_password
        The password. Without it and without --authorized-keys one is made and shown.
    authorized_keys
        The file of public keys that may sign in over SFTP.
    host_key
        The file of the SFTP door's private key, made when it is not there. Without: beside FOLDER.
    """

    host: str = "127.0.0.1"
    port: int = 8490
    sftp_port: int | None = None
    folder: Path | None = None
    personality: str = ""
    seed: int = 1
    script: Path | None = None
    account: Annotated[list[str] | None, Parameter(negative=())] = None
    state: Path | None = None
    clock: str = ""
    deduplicates: Flag = False
    level: str = "transaction"
    done_suffix: str = ""
    acknowledges: Flag = False
    client_id: str = ""
    client_secret: str = ""
    signed_by: Path | None = None
    callback: str = ""
    callback_secret: str = ""
    sftp_user: str = "nostro"
    sftp_password: str = ""
    authorized_keys: Path | None = None
    host_key: Path | None = None


@bank.default
def run(wanted: Wanted | None = None) -> None:
    """Run a simulated bank in the foreground; Ctrl-C stops it. It moves no real money.

    Examples: `nostro bank`, `nostro bank --folder ./bank --sftp-port 0`,
    `nostro bank --personality loses_acknowledgement=100,late_return:part=50 --seed 7`,
    `nostro bank --account NL91ABNA0417164300:EUR:50000 --state bank.journal --script day.toml`.
    """
    from nostro.cli.bank_running import run_bank

    run_bank(wanted or Wanted())


@bank.command
def personalities() -> None:
    """What can go wrong at the simulated bank, each with its usual rate.

    Example: `nostro bank personalities`.
    """
    from nostro.simulator.personalities import PERSONALITIES

    for one in PERSONALITIES:
        print(f"{one.name} (usually {one.usual_per_mille} of 1000)")
        print(f"  {one.says}")
        if one.variants:
            print(f"  Variants: {', '.join(one.variants)}")
