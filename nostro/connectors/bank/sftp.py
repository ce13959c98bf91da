"""A bank reached by SFTP: payment files are put into its folder, its messages are picked up.

Every call opens a session of its own and closes it; nothing is kept between calls. What a broken
upload proves is told in nostro.connectors.sftp_upload, and by docs/channels/sftp.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
import re
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar

import asyncssh
import msgspec

from nostro.connectors import Connector, sftp_pickup
from nostro.connectors.openpgp import OpenPgp
from nostro.connectors.sftp_pickup import Found
from nostro.connectors.sftp_session import (
    LOST,
    Server,
    Session,
    connect,
    failed_reading,
    runner,
)
from nostro.connectors.sftp_upload import Delivery, Upload, UploadRule, Verify
from nostro.domain.errors import InDoubt, Invalid, NostroError, Refused
from nostro.domain.payment import Rail
from nostro.domain.rail import OF_BANKS
from nostro.ports import Incoming, Outgoing, Receipt

# A hand-over must end before its row counts as abandoned (two minutes, workflows.dispatch).
TIMEOUT_SECONDS_MAX = 90
SECOND_LOOK_SECONDS = 15
SLOWEST_BYTES_PER_SECOND = 65_536
_BROKEN = (*LOST, asyncssh.SFTPError)
_Result = TypeVar("_Result")


class SftpConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`host`, `port`, `user`: the bank's server and our name there. The log-in is the secret
    private_key (with private_key_passphrase, if it has one) or the secret password.
    `host_keys`: the server's public keys as the bank gave them, each a line like
    "ssh-ed25519 AAAA..."; several while it changes them. Any other key is refused.

    `drop_folder`: where our files go. `taken_folders`: where the bank moves files that it has
    taken; one found there counts as delivered. `upload`: "temporary_name" writes under the name
    with `temporary_suffix` and renames, "done_file" writes the file and then an empty one with
    `done_suffix`, "direct" writes under the name. `verify`: "stat" compares the size,
    "acknowledgement_file" counts a file as delivered when the bank has put one with our message id
    and `acknowledgement_suffix` into `acknowledgement_folder` (empty: `drop_folder`), "none"
    believes the server's answers. `absent_means_never`: the bank promises that a file that it has
    got stays to be seen in `drop_folder` or `taken_folders`, so one seen nowhere was never there.

    `pickup_folder`: where the bank puts its messages; empty: it puts none here. `after_pickup`:
    once a message is safely kept "leave" it, "archive" it to `archive_folder`, or "delete" it.

    `encrypt_to`: the bank's OpenPGP key (armored); with it files are signed with the secret
    openpgp_key (passphrase: openpgp_passphrase) and encrypted, `armored` or not, and get
    `sealed_suffix`. `bank_signing_key`: the key that the bank signs with; empty: the same.

    `timeout_seconds`: how long one hand-over may take in all. `profile`: the bank's dialect.

    `formats`: the formats of
    rails that this bank takes otherwise ({"ach_ccd": "nacha"}), `format_options`: what only this
    customer's files say of a format, by its name ({"nacha": {"company_ids": {"*": "1234567890"}}}).
    """

    host: str
    user: str
    host_keys: tuple[str, ...]
    drop_folder: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 22
    pickup_folder: str = ""
    taken_folders: tuple[str, ...] = ()
    upload: Upload = "temporary_name"
    verify: Verify = "stat"
    temporary_suffix: Annotated[str, msgspec.Meta(min_length=1)] = ".tmp"
    done_suffix: Annotated[str, msgspec.Meta(min_length=1)] = ".done"
    acknowledgement_suffix: Annotated[str, msgspec.Meta(min_length=1)] = ".ack"
    acknowledgement_folder: str = ""
    absent_means_never: bool = False
    after_pickup: Literal["leave", "archive", "delete"] = "leave"
    archive_folder: str = ""
    encrypt_to: str = ""
    bank_signing_key: str = ""
    armored: bool = False
    sealed_suffix: str = ".pgp"
    payment_format: str = "pain_001"
    formats: dict[Rail, str] = {}
    format_options: dict[str, dict[str, Any]] = {}
    profile: str = ""
    timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=TIMEOUT_SECONDS_MAX)] = 60

    @property
    def rails(self) -> frozenset[Rail]:
        return OF_BANKS


class SftpBank:
    def __init__(self, config: SftpConfig, secrets: dict[str, str]) -> None:
        self._config = config
        self._secrets = secrets
        self._rule = UploadRule(
            drop_folder=config.drop_folder,
            taken_folders=config.taken_folders,
            upload=config.upload,
            verify=config.verify,
            temporary_suffix=config.temporary_suffix,
            done_suffix=config.done_suffix,
        )

    def rails(self) -> frozenset[Rail]:
        return self._config.rails

    def payment_format(self, rail: Rail) -> str:
        return self._config.formats.get(rail, self._config.payment_format)

    def send(self, outgoing: Outgoing) -> Receipt:
        """Delivered means: whole on the server, by the proof that the profile names."""
        delivery = Delivery(self._rule, outgoing.file_name, outgoing.content)

        try:
            self._in_session(delivery.run, self._config.timeout_seconds)
        except TimeoutError as error:
            self._unless_there(delivery, delivery.failed(error))
        except InDoubt as doubt:
            self._unless_there(delivery, doubt)
        if self._config.verify == "acknowledgement_file":
            self._expect_acknowledgement(outgoing.message_id)
        return Receipt(reference="")

    def tell_checks(self, outgoing: Outgoing) -> Receipt:
        return self.send(outgoing)

    def knows(self, message_id: str) -> bool | None:
        """True when the bank's folders show that it has the file; names are searched by the id.

        A name alone is no such proof while we may have broken off under it: with `direct` in the
        drop folder, with `done_file` without that, and where the profile wants an acknowledgement.
        False only where the profile says `absent_means_never` and every folder could be listed.
        Raises Unavailable or Refused when the server cannot be asked.
        """

        async def search(sftp: asyncssh.SFTPClient) -> bool | None:
            return await self._search(sftp, message_id)

        try:
            return self._in_session(search, self._config.timeout_seconds)
        except _BROKEN as error:
            raise failed_reading(error, "the folders of our files") from error

    def collect(self, cursor: str) -> Iterator[tuple[Incoming, str]]:
        """Files in the order of their names, each fetched when it is asked for. The cursor names
        every file kept so far that is still in the folder.

        A file that may not be read, is no plain file or too large, or could not be put away, is
        Refused after all others were given.
        """
        if not self._config.pickup_folder:
            return
        with runner() as run:
            session: Session = run.run(self._connect())
            try:
                yield from self._collect(_Calls(run, self._config), session, cursor)
            finally:
                run.run(session.close())

    def _collect(
        self, calls: _Calls, session: Session, cursor: str
    ) -> Iterator[tuple[Incoming, str]]:
        config, sftp = self._config, session.sftp
        own = (config.temporary_suffix, config.done_suffix, config.acknowledgement_suffix)
        unfinished = own[:1] if config.pickup_folder != config.drop_folder else own
        files = calls.do(sftp_pickup.listed(sftp, config.pickup_folder, unfinished))
        before = frozenset(cursor.split())
        kept = before & set(files)
        refused: Refused | None = None
        if config.after_pickup != "leave":
            kept, refused = self._put_away(calls, session, [files[key] for key in sorted(kept)])
        for key, found in files.items():
            if key in before:
                continue
            try:
                content = calls.do(sftp_pickup.read(sftp, found), found.size_bytes)
            except Refused as error:
                refused = refused or error
                continue
            if content is not None:
                kept |= {key}
                yield _incoming(found, content), " ".join(sorted(kept))
        if refused:
            raise refused

    def _put_away(
        self, calls: _Calls, session: Session, files: list[Found]
    ) -> tuple[frozenset[str], Refused | None]:
        """The keys of those that would not go, and why: they stay kept, and are tried again."""
        archive = self._config.archive_folder if self._config.after_pickup == "archive" else ""
        left: set[str] = set()
        refused: Refused | None = None
        for found in files:
            try:
                calls.do(sftp_pickup.put_away(session.sftp, found, archive))
            except Refused as error:
                left.add(found.key())
                refused = refused or error
        return frozenset(left), refused

    def _unless_there(self, delivery: Delivery, failure: NostroError) -> None:
        """A second look, at once: while we still hold the bytes we can tell whole from half."""
        if isinstance(failure, InDoubt):
            seconds = min(self._config.timeout_seconds, SECOND_LOOK_SECONDS)
            with contextlib.suppress(NostroError, *_BROKEN):
                if self._in_session(delivery.is_done, seconds):
                    return
        raise failure

    def _in_session(
        self, work: Callable[[asyncssh.SFTPClient], Coroutine[Any, Any, _Result]], seconds: int
    ) -> _Result:
        """Do one thing in a session of its own; raises TimeoutError after so many seconds."""

        async def whole() -> _Result:
            session = await self._connect()
            try:
                return await work(session.sftp)
            finally:
                await session.close()

        with runner() as run:
            return run.run(asyncio.wait_for(whole(), seconds))

    def _expect_acknowledgement(self, message_id: str) -> None:
        try:
            if self.knows(message_id):
                return
            why = "its acknowledgement file is not there yet"
        except NostroError as error:
            why = error.happened
        raise InDoubt(
            "acknowledgement_awaited",
            f"{message_id} lies on the bank's server whole, but {why.rstrip('.')}.",
            "We do not send it again.",
            "We look for the acknowledgement; if none comes, ask the bank.",
        )

    async def _connect(self) -> Session:
        config = self._config
        server = Server(
            host=config.host, port=config.port, user=config.user, host_keys=config.host_keys
        )
        return await connect(server, self._secrets, config.timeout_seconds)

    async def _search(self, sftp: asyncssh.SFTPClient, message_id: str) -> bool | None:
        named = re.compile(rf"(?:^|[_.]){re.escape(message_id)}(?=[_.]|$)", re.IGNORECASE)
        unclear = False
        for folder, proves in self._places():
            try:
                names = [str(name) for name in await sftp.listdir(folder or ".")]
            except LOST:
                raise
            except asyncssh.SFTPError:  # it may not be listed, or is not there
                unclear = True
                continue
            ours = [name for name in names if named.search(name)]
            if any(proves(name) for name in ours):
                return True
            unclear = unclear or any(map(self._may_be_half_taken, ours))
        return False if self._config.absent_means_never and not unclear else None

    def _places(self) -> list[tuple[str, Callable[[str], bool]]]:
        """Folders that show our files, and which names there prove that the bank has one."""
        config = self._config
        places: list[tuple[str, Callable[[str], bool]]] = [
            (folder, lambda _: True) for folder in config.taken_folders
        ]
        if config.verify == "acknowledgement_file":
            folder = config.acknowledgement_folder or config.drop_folder
            places.append((folder, lambda name: name.endswith(config.acknowledgement_suffix)))
        elif config.upload == "done_file":
            places.append((config.drop_folder, lambda name: name.endswith(config.done_suffix)))
        elif config.upload == "temporary_name":
            places.append(
                (config.drop_folder, lambda name: not name.endswith(config.temporary_suffix))
            )
        if config.drop_folder not in [folder for folder, _ in places]:
            places.append((config.drop_folder, lambda _: False))
        return places

    def _may_be_half_taken(self, name: str) -> bool:
        """Names in the drop folder that prove nothing, but that the bank may be reading."""
        if self._config.upload == "temporary_name":
            return not name.endswith(self._config.temporary_suffix)
        return self._config.upload == "direct" or name.endswith(self._config.done_suffix)


class SealingSftpBank(SftpBank):
    """The same where the bank wants files signed and encrypted."""

    def seal(self, outgoing: Outgoing) -> Outgoing:
        content = self._pgp().seal(outgoing.content, armored=self._config.armored)
        return msgspec.structs.replace(
            outgoing,
            file_name=outgoing.file_name + self._config.sealed_suffix,
            media_type="application/pgp-encrypted",
            content=content,
        )

    def unseal(self, content: bytes) -> bytes:
        return self._pgp().unseal(content)

    def _pgp(self) -> OpenPgp:
        return OpenPgp(
            own_key=self._secrets.get("openpgp_key", ""),
            passphrase=self._secrets.get("openpgp_passphrase", ""),
            encrypt_to=self._config.encrypt_to,
            bank_signing_key=self._config.bank_signing_key,
        )


class _Calls:
    """Single steps of one session, each with a time limit, between which the caller works."""

    def __init__(self, runner: asyncio.Runner, config: SftpConfig) -> None:
        self._runner = runner
        self._config = config

    def do(self, step: Coroutine[Any, Any, _Result], size_bytes: int = 0) -> _Result:
        """Raises Unavailable, or Refused where the server does not allow it."""
        seconds = self._config.timeout_seconds + size_bytes // SLOWEST_BYTES_PER_SECOND
        try:
            return self._runner.run(asyncio.wait_for(step, seconds))
        except _BROKEN as error:
            raise failed_reading(error, self._config.pickup_folder) from error


def _incoming(found: Found, content: bytes) -> Incoming:
    name = found.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return Incoming(
        name=name,
        media_type=mimetypes.guess_type(name)[0] or "application/octet-stream",
        content=content,
        received_at=datetime.fromtimestamp(found.changed_at, UTC),
    )


def _open(config: SftpConfig, secrets: dict[str, str]) -> SftpBank:
    if not any(key.strip() for key in config.host_keys):
        raise Invalid(
            "sftp_host_key_missing",
            f"No host key of {config.host} is given, so we could not tell it from another server.",
            can_do="Ask the bank for its server's public key and enter it.",
            field="host_keys",
        )
    if config.after_pickup == "archive" and not config.archive_folder:
        raise Invalid(
            "sftp_archive_folder_missing",
            "Messages are to be archived, but no archive folder is given.",
            can_do="Name the folder, or choose to leave or delete them.",
            field="archive_folder",
        )
    return (SealingSftpBank if config.encrypt_to.strip() else SftpBank)(config, secrets)


CONNECTOR = Connector(
    name="sftp",
    title="Bank by SFTP, with OpenPGP where it wants it",
    document="draft-ietf-secsh-filexfer-02 (SFTP 3), RFC 4253, RFC 9580; tried with OpenSSH 9.2"
    " and GnuPG 2.2",
    config=SftpConfig,
    open=_open,
    example=SftpConfig(
        host="sftp.bank.example",
        user="nostro",
        host_keys=(
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea",
        ),
        drop_folder="/to-bank",
        pickup_folder="/from-bank",
        taken_folders=("/to-bank/taken",),
        encrypt_to="-----BEGIN PGP PUBLIC KEY BLOCK-----\n...\n-----END PGP PUBLIC KEY BLOCK-----",
    ),
    secret_names=frozenset(
        {"private_key", "private_key_passphrase", "password", "openpgp_key", "openpgp_passphrase"}
    ),
)
