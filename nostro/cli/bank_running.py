"""How the simulated bank is put together, what it says of itself, and how it ends."""

from __future__ import annotations

import base64
import hashlib
import secrets
import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from nostro.cli.bank import Wanted
from nostro.domain.errors import Invalid, Refused
from nostro.domain.identifier import iban
from nostro.domain.money import Money
from nostro.simulator.books import OpenAccount
from nostro.simulator.desk import Desk
from nostro.simulator.doors.folder import FolderDoor
from nostro.simulator.doors.rest import RestDoor
from nostro.simulator.doors.tokens import PublicKey, Tokens, read_public_key
from nostro.simulator.journal import Began
from nostro.simulator.personalities import character
from nostro.simulator.script import Script, read_script
from nostro.simulator.state import Level

_LOOKS_EVERY_SECONDS = 0.2
_SECRET_BYTES = 24


class Door(Protocol):
    def start(self) -> None: ...

    def stop(self) -> None: ...


def run_bank(wanted: Wanted) -> None:
    """Run until Ctrl-C or SIGTERM. Raises NostroError when it cannot start."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with _desk(wanted) as desk:
        doors: list[Door] = []
        try:
            told = [line for open_door in _openers(wanted) for line in open_door(desk, doors)]
            _introduce(wanted, desk, told)
            while not stop.wait(_LOOKS_EVERY_SECONDS):
                desk.messages(0, 0)  # Time passes, also when nobody calls.
        finally:
            for door in reversed(doors):
                door.stop()
        moved = sum(desk.bank.executions().values())
        print(f"The simulated bank has stopped. Payments executed: {moved}.", flush=True)


def _openers(wanted: Wanted) -> list[Callable[[Desk, list[Door]], list[str]]]:
    def rest(desk: Desk, doors: list[Door]) -> list[str]:
        return _open_rest(wanted, desk, doors)

    def folders(desk: Desk, doors: list[Door]) -> list[str]:
        return _open_folders(wanted, desk, doors)

    def callbacks(desk: Desk, doors: list[Door]) -> list[str]:
        return _open_callbacks(wanted, desk, doors)

    return [rest, folders, callbacks]


# ---- The bank


def _desk(wanted: Wanted) -> Desk:
    began = Began(
        at=_clock(wanted.clock),
        seed=wanted.seed,
        personality=character(wanted.personality).words(),
        script=_script(wanted.script),
        accounts=tuple(map(_account, wanted.account or ())),
        deduplicates=wanted.deduplicates,
        level=_level(wanted.level),
    )
    desk = Desk(began, _real, state=wanted.state, tell=_print)
    if desk.remembers:  # What is said anew holds from now on.
        if wanted.personality:
            desk.become(wanted.personality)
        desk.follow(began.script)
        for account in began.accounts:
            desk.open(account.iban, account.opening)
    return desk


def _real() -> datetime:
    return datetime.now(UTC)


def _print(at: datetime, text: str) -> None:
    print(f"{at:%Y-%m-%d %H:%M:%S}  {text}", flush=True)


def _clock(text: str) -> datetime:
    if not text:
        return _real()
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise _wrong("clock", text, "Write it like 2026-11-23T09:00.") from None
    return told.astimezone(UTC) if told.tzinfo else told.replace(tzinfo=UTC)


def _script(path: Path | None) -> Script:
    return Script() if path is None else read_script(_bytes(path))


def _account(text: str) -> OpenAccount:
    parts = text.split(":")
    if len(parts) != 3:
        raise _wrong("account", text, "Write it like NL91ABNA0417164300:EUR:50000.00.")
    return OpenAccount(iban(parts[0]), Money.parse(parts[2], parts[1]))


def _level(text: str) -> Level:
    try:
        return Level(text)
    except ValueError:
        raise _wrong("level", text, f"One of: {', '.join(Level)}.") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise Refused(
            "file_not_readable",
            f"{path} cannot be read: {error.strerror or error}.",
            "The bank was not started.",
            "Check the path.",
        ) from error


def _wrong(option: str, text: str, can_do: str) -> Invalid:
    happened = f"--{option} cannot be {text[:60]!r}."
    return Invalid("option_wrong", happened, "The bank was not started.", can_do, field=option)


# ---- Its doors; each says how to come in


def _open_rest(wanted: Wanted, desk: Desk, doors: list[Door]) -> list[str]:
    door = RestDoor(
        desk,
        host=wanted.host,
        port=wanted.port,
        tokens=Tokens(wanted.client_id, wanted.client_secret),
        key=_public_key(wanted.signed_by),
    )
    door.start()
    doors.append(door)
    lines = [f"REST      {door.url}"]
    if wanted.client_id:
        lines.append(f"          token from {door.url}/oauth/token as {wanted.client_id}")
    lines.append(f"rehearse  curl -X POST '{door.url}/_bank/advance?days=1'")
    return lines


def _public_key(path: Path | None) -> PublicKey | None:
    if path is None:
        return None
    try:
        return read_public_key(_bytes(path))
    except ValueError as error:
        raise _wrong("signed-by", str(path), f"It must be a public key: {error}.") from None


def _open_folders(wanted: Wanted, desk: Desk, doors: list[Door]) -> list[str]:
    if wanted.folder is None:
        if wanted.sftp_port is not None:
            raise _wrong("sftp-port", str(wanted.sftp_port), "SFTP shows folders: give --folder.")
        return []
    folder = FolderDoor(
        desk,
        wanted.folder.resolve(),
        done_suffix=wanted.done_suffix,
        acknowledges=wanted.acknowledges,
    )
    folder.start()
    doors.append(folder)
    lines = [f"folder    drop_folder {folder.drop}", f"          pickup_folder {folder.pickup}"]
    if wanted.sftp_port is not None:
        lines += _open_sftp(wanted, wanted.sftp_port, desk, folder, doors)
    return lines


def _open_sftp(
    wanted: Wanted, port: int, desk: Desk, folder: FolderDoor, doors: list[Door]
) -> list[str]:
    from nostro.simulator.doors.sftp import SftpDoor, SftpLogin  # loads asyncssh

    password = wanted.sftp_password
    if not password and wanted.authorized_keys is None:
        password = secrets.token_urlsafe(_SECRET_BYTES)
    login = SftpLogin(
        user=wanted.sftp_user,
        password=password,
        authorized_keys=wanted.authorized_keys,
        host_key=wanted.host_key or folder.home.with_name(f"{folder.home.name}.host_key"),
    )
    door = SftpDoor(desk, folder, login, host=wanted.host, port=port)
    door.start()
    doors.append(door)
    lines = [
        f"SFTP      {door.host}:{door.port} as {login.user}, drop_folder /in, pickup_folder /out",
        f"          host_keys {door.public_key()}",
        f"          fingerprint {_fingerprint(door.public_key())}",
    ]
    if password and not wanted.sftp_password:
        lines.append(f"          password {password}")
    return lines


def _fingerprint(public_key: str) -> str:
    """As OpenSSH tells it: SHA256 of the key's bytes, in base64 without padding."""
    digest = hashlib.sha256(base64.b64decode(public_key.split()[1])).digest()
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def _open_callbacks(wanted: Wanted, desk: Desk, doors: list[Door]) -> list[str]:
    if not wanted.callback:
        return []
    from nostro.simulator.doors.callbacks import Callbacks  # loads httpx

    secret = wanted.callback_secret
    lines = [f"calls     {wanted.callback}"]
    if not secret:
        secret = f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"
        lines.append(f"          secret {secret}")
    door = Callbacks(desk, wanted.callback, secret)
    door.start()
    doors.append(door)
    return lines


def _introduce(wanted: Wanted, desk: Desk, told: list[str]) -> None:
    bank = desk.bank
    memory = str(wanted.state) if wanted.state else "none, all is forgotten at the end"
    lines = [
        "nostro bank: a simulated bank. No money moves.",
        *(f"  {line}" for line in told),
        f"  seed      {wanted.seed}",
        f"  oddities  {bank.character.words() or 'none; see nostro bank personalities'}",
        f"  memory    {memory}",
        f"  clock     {desk.now():%Y-%m-%d %H:%M:%S} UTC",
        "Open a connection in nostro with the values above. Ctrl-C stops the bank.",
    ]
    print("\n".join(lines), flush=True)
