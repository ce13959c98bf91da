"""The bank simulator's doors, driven by clients that we did not write: httpx and asyncssh."""

from __future__ import annotations

import asyncio
import base64
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import asyncssh
import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey
from standardwebhooks import Webhook

from nostro.connectors.bank.rest import CONNECTOR as REST_CONNECTOR
from nostro.connectors.bank.rest import RestBankConfig
from nostro.domain.errors import InDoubt
from nostro.ports import Outgoing
from nostro.simulator.desk import Desk
from nostro.simulator.doors.callbacks import Callbacks
from nostro.simulator.doors.folder import FolderDoor
from nostro.simulator.doors.rest import RestDoor
from nostro.simulator.doors.sftp import SftpDoor, SftpLogin
from nostro.simulator.doors.tokens import Tokens, read_public_key
from nostro.simulator.journal import Began
from nostro.simulator.script import Script
from nostro.simulator.state import Level
from tests.simulator.files import MONDAY, Line, pain_001_file, recall_file

LONG = 10.0
SECRET = "whsec_" + base64.b64encode(b"x" * 24).decode()


class StandingClock:
    """The real time, as a test wants it."""

    def __init__(self) -> None:
        self.at = MONDAY

    def __call__(self) -> datetime:
        return self.at

    def passes(self, **step: int) -> None:
        self.at += timedelta(**step)


class House:
    """A bank with its clock standing."""

    def __init__(self, personality: str = "", *, state: Path | None = None, **more: Any) -> None:
        self.clock = StandingClock()
        began: dict[str, Any] = {
            "script": Script(),
            "accounts": (),
            "deduplicates": False,
            "level": Level.TRANSACTION,
            **more,
        }
        self.desk = Desk(
            Began(at=MONDAY, seed=1, personality=personality, **began), self.clock, state=state
        )


@contextmanager
def rest(
    house: House, *, key: bytes = b"", client: tuple[str, str] = ("", "")
) -> Iterator[httpx.Client]:
    public = read_public_key(key) if key else None
    door = RestDoor(house.desk, host="127.0.0.1", port=0, tokens=Tokens(*client), key=public)
    door.start()
    try:
        with httpx.Client(base_url=door.url, timeout=LONG, trust_env=False) as made:
            yield made
    finally:
        door.stop()


def post(client: httpx.Client, message_id: str = "MSG-1", *lines: Line, **headers: str) -> Any:
    content = pain_001_file(message_id, lines or [Line("E2E-1")])
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/files", content=content, headers={"Idempotency-Key": message_id, **names})


# ---- REST


def test_rest_takes_a_file_and_tells_what_became_of_it() -> None:
    house = House()
    with rest(house) as client:
        assert client.get("/files/MSG-1").json() == {"code": "unknown_file"}
        assert client.get("/files/MSG-1/status").status_code == 404
        taken = post(client)
        assert (taken.status_code, set(taken.json())) == (202, {"reference"})
        known = client.get("/files/MSG-1")
        assert known.status_code == 200
        assert known.json() == {
            "message_id": "MSG-1",
            "reference": taken.json()["reference"],
            "received_at": "2026-11-23T09:00:00Z",
        }
        assert client.get("/files/MSG-1/status").status_code == 204
        house.clock.passes(seconds=5)
        told = client.get("/files/MSG-1/status")
        assert told.status_code == 200
        assert told.headers["content-type"] == "application/xml"
        assert b"<TxSts>ACSC</TxSts>" in told.content
        (payment,) = client.get("/_bank/payments").json()["payments"]
        assert (payment["end_to_end_id"], payment["executions"]) == ("E2E-1", 1)


def test_rest_refuses_other_bytes_under_the_same_key_and_repeats_its_answer() -> None:
    house = House(deduplicates=True)
    with rest(house) as client:
        first, again = post(client), post(client)
        other = post(client, "MSG-1", Line("E2E-2"))
    assert (again.status_code, again.json()) == (202, first.json())
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")


def test_rest_without_deduplication_pays_what_comes_twice() -> None:
    house = House()
    with rest(house) as client:
        assert [post(client).status_code for _ in range(2)] == [202, 202]
        assert post(client, "MSG-1", Line("E2E-2")).status_code == 409
        house.clock.passes(minutes=1)
        paid = client.get("/_bank/payments").json()["payments"]
    assert [payment["executions"] for payment in paid] == [2, 2]


def test_rest_refuses_what_it_cannot_read() -> None:
    with rest(House()) as client:
        told = client.post("/files", content=b"hello", headers={"Idempotency-Key": "MSG-1"})
        assert told.status_code == 422
        assert set(told.json()) == {"code", "text"}
        assert client.post("/files", content=b"hello").json()["code"] == "key_missing"
        wrong = client.post(
            "/files", content=pain_001_file("MSG-1"), headers={"Idempotency-Key": "MSG-2"}
        )
        assert wrong.json()["code"] == "key_differs"
        assert client.get("/nothing").status_code == 404
        assert client.get("/files/MSG-1").status_code == 404


def test_rest_messages_come_in_pages_in_a_stable_order() -> None:
    house = House("duplicates_messages")
    with rest(house) as client:
        post(client)
        client.post("/_bank/advance?days=2")
        whole = client.get("/messages?limit=1000").json()
        assert whole["more"] is False
        cursor, found = "", []
        while True:
            page = client.get("/messages", params={"after": cursor, "limit": 3}).json()
            assert page == client.get("/messages", params={"after": cursor, "limit": 3}).json()
            found += page["messages"]
            cursor = page["next"]
            if not page["more"]:
                break
        assert found == whole["messages"]
        assert len(found) == 10
        one = found[0]
        assert set(one) == {"id", "name", "media_type", "released_at", "content"}
        assert base64.b64decode(one["content"]).startswith(b"<?xml")
        assert client.get("/messages", params={"after": cursor}).json()["messages"] == []
        assert client.get("/messages?after=x").status_code == 400


def test_rest_wants_a_token_when_it_has_a_client() -> None:
    house = House()
    with rest(house, client=("me", "s3cret")) as client:
        assert post(client).status_code == 401
        form = {"grant_type": "client_credentials"}
        assert client.post("/oauth/token", data=form).status_code == 401
        assert client.post("/oauth/token", data=form, auth=("me", "no")).status_code == 401
        basic = client.post("/oauth/token", data=form, auth=("me", "s3cret")).json()
        in_body = {**form, "client_id": "me", "client_secret": "s3cret"}
        body = client.post("/oauth/token", data=in_body).json()
        assert set(basic) == {"access_token", "token_type", "expires_in"}
        for told in (basic, body):
            bearer = f"{told['token_type']} {told['access_token']}"
            assert client.get("/messages", headers={"Authorization": bearer}).status_code == 200
        house.clock.passes(seconds=basic["expires_in"] + 1)
        assert client.get("/messages", headers={"Authorization": bearer}).status_code == 401


def test_rest_forgets_tokens_when_the_bank_restarts() -> None:
    house = House(script=Script(files={"MSG-1": "restarts:remembers"}))
    with rest(house, client=("me", "s3cret")) as client:
        form = {"grant_type": "client_credentials"}
        told = client.post("/oauth/token", data=form, auth=("me", "s3cret")).json()
        bearer = f"Bearer {told['access_token']}"
        with pytest.raises(httpx.TransportError):
            post(client, Authorization=bearer)
        assert client.get("/messages", headers={"Authorization": bearer}).status_code == 401
    assert house.desk.known("MSG-1") is not None


@pytest.mark.parametrize("encoded", [True, False])
def test_rest_checks_the_signature_under_a_file(encoded: bool) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = ECKey.import_key(private)
    content = pain_001_file("MSG-1")
    header: dict[str, Any] = {"alg": "ES256"}
    if not encoded:
        header |= {"b64": False, "crit": ["b64"]}
    registry = jws.JWSRegistry(algorithms=["ES256"])
    told = jws.serialize_compact(header, content, key, registry=registry)
    first, _, last = told.split(".") if encoded else (told.split("..")[0], "", told.split("..")[1])
    detached = f"{first}..{last}"
    with rest(House(), key=pem) as client:
        assert post(client).json()["code"] == "signature_wrong"
        assert post(client, x_jws_signature=detached[:-4] + "AAAA").status_code == 422
        assert post(client, "MSG-2", x_jws_signature=detached).status_code == 422
        assert post(client, x_jws_signature=detached).status_code == 202


def test_a_signed_file_may_be_large() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    content = pain_001_file("MSG-1", [Line(f"E{n}") for n in range(2000)])
    registry = jws.JWSRegistry(algorithms=["ES256"])
    registry.max_payload_length = len(content)
    told = jws.serialize_compact(
        {"alg": "ES256"}, content, ECKey.import_key(private), registry=registry
    )
    first, _, last = told.split(".")
    with rest(House(), key=pem) as client:
        headers = {"Idempotency-Key": "MSG-1", "x-jws-signature": f"{first}..{last}"}
        assert client.post("/files", content=content, headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("does", "taken"),
    [("loses_request", False), ("loses_acknowledgement", True), ("restarts:remembers", True)],
)
def test_rest_cuts_the_connection(does: str, taken: bool) -> None:
    house = House(f"{does}=1000")
    with rest(house) as client, pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        post(client)
    assert (house.desk.known("MSG-1") is not None) == taken


def test_rest_half_open_takes_nothing_and_says_nothing() -> None:
    house = House("half_open=1000")
    with rest(house) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(
                "/files",
                content=pain_001_file("MSG-1"),
                headers={"Idempotency-Key": "MSG-1"},
                timeout=0.3,
            )
        assert client.get("/files/MSG-1").status_code == 404


def test_rest_throttles_with_a_time_to_wait() -> None:
    with rest(House("throttling=1000")) as client:
        for told in (post(client), client.get("/messages")):
            assert told.status_code == 429
            assert int(told.headers["retry-after"]) > 0


def test_rest_takes_recalls() -> None:
    house = House()
    with rest(house) as client:
        post(client)
        house.clock.passes(minutes=1)
        told = client.post("/recalls", content=recall_file("RC-1", "MSG-1", ["E2E-1"]))
        assert (told.status_code, set(told.json())) == (202, {"reference"})
        client.post("/_bank/advance?days=3")
        names = [one["name"] for one in client.get("/messages").json()["messages"]]
    assert sum("camt.029-RC-1" in name for name in names) == 2


def test_a_rehearsal_changes_personality_script_and_time() -> None:
    with rest(House()) as client:
        assert client.post("/_bank/personality", content=b"rude").status_code == 400
        client.post("/_bank/personality", content=b"silent=500").raise_for_status()
        client.post("/_bank/script", content=b"payment E2E-1: RJCT AC04").raise_for_status()
        client.post("/_bank/script", content=b'{"files": {"9": "silent"}}').raise_for_status()
        assert client.post("/_bank/advance?days=1&hours=2").json()["now"] == "2026-11-24T11:00:00Z"
        assert client.post("/_bank/report?iban=NL00").status_code == 404
        told = client.get("/_bank/state").json()
    assert told["personality"] == "silent=500"
    assert told["script"]["payments"] == {"E2E-1": "RJCT AC04"}
    assert told["script"]["files"] == {"9": "silent"}


def test_rest_keeps_a_connection_and_answers_many_at_once() -> None:
    house = House()
    with rest(house) as client:
        numbers = range(40)
        threads = [threading.Thread(target=post, args=(client, f"MSG-{n}")) for n in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        house.clock.passes(minutes=1)
        assert len(client.get("/_bank/payments").json()["payments"]) == 40
        assert client.get("/_bank/state").http_version == "HTTP/1.1"


def test_rest_drops_a_file_that_was_cut_off_on_its_way() -> None:
    house = House()
    with rest(house) as client:
        content = pain_001_file("MSG-1")
        with socket.create_connection((client.base_url.host, client.base_url.port or 0)) as raw:
            head = f"POST /files HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n"
            raw.sendall(head.encode() + b"Idempotency-Key: MSG-1\r\n\r\n" + content[:-1])
        assert client.get("/files/MSG-1").status_code == 404
    assert house.desk.payments() == []


def test_our_own_connector_understands_this_bank() -> None:
    house = House(script=Script(files={"MSG-2": "loses_acknowledgement"}))
    with rest(house) as client:
        config = RestBankConfig(base_url=str(client.base_url), unknown_means_never=True)
        channel: Any = REST_CONNECTOR.open(config, {})
        receipt = channel.send(outgoing("MSG-1"))
        assert receipt.reference
        with pytest.raises(InDoubt):
            channel.send(outgoing("MSG-2"))
        assert [channel.knows(f"MSG-{n}") for n in (1, 2, 3)] == [True, True, False]
        house.clock.passes(seconds=5)
        assert b"ACSC" in channel.status("MSG-2").content
        collected = [one.name for one, _ in channel.collect("")]
    assert collected == [message.name for message in house.desk.messages(0)]


def outgoing(message_id: str) -> Outgoing:
    return Outgoing(
        message_id=message_id,
        file_name=f"{message_id}.xml",
        media_type="application/xml",
        content=pain_001_file(message_id),
    )


# ---- Calls of the bank


class _Listener(BaseHTTPRequestHandler):
    calls: list[tuple[dict[str, str], bytes]]
    says: Callable[[], int]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(type(self).says())
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_the_bank_calls_with_every_message_until_it_is_taken() -> None:
    answers = [500, 200, 200, 503]
    listener = type(
        "Listener",
        (_Listener,),
        {"calls": [], "says": staticmethod(lambda: answers.pop(0) if answers else 200)},
    )
    server = HTTPServer(("127.0.0.1", 0), listener)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    house = House()
    house.desk.submit(pain_001_file("MSG-1"))
    house.clock.passes(minutes=1)
    calls = Callbacks(house.desk, f"http://127.0.0.1:{server.server_port}/hook", SECRET)
    try:
        outcomes = [calls.call() for _ in range(4)]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert outcomes == [False, False, True, True]
    for headers, body in listener.calls:  # type: ignore[attr-defined]
        Webhook(SECRET).verify(body, headers, json_parse=False)
    heard = [(h["webhook-id"], body) for h, body in listener.calls]  # type: ignore[attr-defined]
    told = [(f"msg_{one.id}", one.content) for one in house.desk.messages(0)]
    assert list(dict.fromkeys(heard)) == told
    assert len(heard) == len(told) + 2  # Twice it was not taken, and came again.


# ---- Folders


def test_folders_take_files_once_and_give_messages_back(tmp_path: Path) -> None:
    house = House()
    door = FolderDoor(house.desk, tmp_path, acknowledges=True)
    for name in ("one.xml", ".hidden.xml", "two.xml.part"):
        (door.drop / name).write_bytes(pain_001_file("MSG-1"))
    door.look()
    door.look()
    assert sorted(path.name for path in door.drop.iterdir()) == [".hidden.xml", "two.xml.part"]
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["one.xml"]
    house.clock.passes(days=1)
    door.look()
    (door.pickup / "MSG-1.ack").unlink()
    found = sorted(door.pickup.iterdir())
    assert [path.read_bytes() for path in found] == [m.content for m in house.desk.messages(0)]
    for path in found:
        path.unlink()  # The customer took them; they do not come again.
    door.look()
    assert list(door.pickup.iterdir()) == []
    assert [row.executions for row in house.desk.payments()] == [1]


def test_a_folder_waits_for_the_done_file(tmp_path: Path) -> None:
    house = House()
    door = FolderDoor(house.desk, tmp_path, done_suffix=".done")
    (door.drop / "one.xml").write_bytes(pain_001_file("MSG-1"))
    door.look()
    assert house.desk.known("MSG-1") is None
    (door.drop / "one.xml.done").touch()
    door.look()
    assert house.desk.known("MSG-1") is not None
    assert list(door.drop.iterdir()) == []


def test_a_folder_loses_files_or_leaves_them_for_later(tmp_path: Path) -> None:
    script = Script(files={"MSG-1": "loses_request", "MSG-2": "throttling"})
    house = House(script=script)
    door = FolderDoor(house.desk, tmp_path)
    for number in (1, 2):
        (door.drop / f"{number}.xml").write_bytes(pain_001_file(f"MSG-{number}"))
    door.look()
    door.look()
    assert [path.name for path in door.drop.iterdir()] == ["2.xml"]
    assert house.desk.known("MSG-1") is None
    assert house.desk.bank.executions() == {}


# ---- SFTP


class Sftp:
    """A bank with an SFTP door, and one call to it by asyncssh as a client."""

    def __init__(self, house: House, home: Path, **login: Any) -> None:
        self.folder = FolderDoor(house.desk, home / "bank")
        host_key = home / "host_key"
        told = {"password": "s3cret", "host_key": host_key, **login}
        self.door = SftpDoor(
            house.desk, self.folder, SftpLogin(user="nostro", **told), host="127.0.0.1", port=0
        )

    def __enter__(self) -> Sftp:
        self.door.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.door.stop()

    def run(
        self,
        work: Callable[[asyncssh.SFTPClient], Any],
        wait_seconds: float = LONG,
        **options: Any,
    ) -> Any:
        async def call() -> Any:
            known = f"[127.0.0.1]:{self.door.port} {self.door.public_key()}\n".encode()
            login = {"password": "s3cret", "client_keys": None, "agent_path": None, **options}
            async with (
                asyncssh.connect(
                    "127.0.0.1",
                    self.door.port,
                    username="nostro",
                    known_hosts=known,
                    config=None,
                    **login,
                ) as connection,
                connection.start_sftp_client() as sftp,
            ):
                try:
                    return await asyncio.wait_for(work(sftp), wait_seconds)
                except TimeoutError:
                    connection.abort()  # A clean good-bye would wait for ever, too.
                    raise

        return asyncio.run(call())


async def _put(sftp: asyncssh.SFTPClient, name: str, message_id: str) -> None:
    async with sftp.open(name, "wb") as file:
        await file.write(pain_001_file(message_id))


def test_sftp_takes_a_file_when_it_has_its_name_and_gives_messages(tmp_path: Path) -> None:
    house = House()

    async def deliver(sftp: asyncssh.SFTPClient) -> list[bool]:
        seen = []
        await _put(sftp, "/in/one.xml.part", "MSG-1")
        seen.append(house.desk.known("MSG-1") is not None)
        await sftp.posix_rename("/in/one.xml.part", "/in/one.xml")
        seen.append(house.desk.known("MSG-1") is not None)
        await _put(sftp, "/in/two.xml", "MSG-2")
        seen.append(house.desk.known("MSG-2") is not None)
        seen.append(await sftp.exists("/taken/one.xml"))
        seen.append(await sftp.exists("/in/one.xml"))
        return seen

    async def collect(sftp: asyncssh.SFTPClient) -> list[str]:
        return sorted(str(name) for name in await sftp.listdir("/out") if not name.startswith("."))

    with Sftp(house, tmp_path) as bank:
        assert bank.run(deliver) == [False, True, True, True, False]
        house.clock.passes(minutes=1)
        bank.folder.look()
        assert bank.run(collect) == [message.name for message in house.desk.messages(0)]
    assert [row.executions for row in house.desk.payments()] == [1, 1]


def test_sftp_does_not_show_half_a_file_to_the_bank(tmp_path: Path) -> None:
    house = House()

    async def half(sftp: asyncssh.SFTPClient) -> list[str]:
        async with sftp.open("/in/one.xml", "wb") as file:
            await file.write(b"<Document")
            bank.folder.look()
            told = [path.name for path in bank.folder.drop.iterdir()]
            await file.write(pain_001_file("MSG-1"), 0)
        return told

    with Sftp(house, tmp_path) as bank:
        assert bank.run(half) == ["one.xml"]
    assert house.desk.known("MSG-1") is not None


@pytest.mark.parametrize(
    ("does", "taken"), [("loses_request", False), ("loses_acknowledgement", True)]
)
def test_sftp_cuts_the_connection(tmp_path: Path, does: str, taken: bool) -> None:
    house = House(f"{does}=1000")
    lost = (asyncssh.ConnectionLost, asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection)
    with Sftp(house, tmp_path) as bank, pytest.raises(lost):
        bank.run(lambda sftp: _put(sftp, "/in/one.xml", "MSG-1"))
    assert (house.desk.known("MSG-1") is not None) == taken
    assert list(bank.folder.drop.iterdir()) == []


def test_sftp_half_open_never_answers(tmp_path: Path) -> None:
    house = House("half_open=1000")

    with Sftp(house, tmp_path) as bank, pytest.raises(TimeoutError):
        bank.run(lambda sftp: _put(sftp, "/in/one.xml", "MSG-1"), wait_seconds=0.5)
    assert house.desk.known("MSG-1") is None


def test_sftp_throttled_is_a_failure(tmp_path: Path) -> None:
    house = House("throttling=1000")
    with Sftp(house, tmp_path) as bank, pytest.raises(asyncssh.SFTPFailure, match="later"):
        bank.run(lambda sftp: _put(sftp, "/in/one.xml", "MSG-1"))
    assert house.desk.known("MSG-1") is None


def test_sftp_lets_in_by_key_or_password_and_nobody_else(tmp_path: Path) -> None:
    key, other = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    allowed = tmp_path / "authorized_keys"
    key.write_public_key(allowed)

    async def look(sftp: asyncssh.SFTPClient) -> list[str]:
        return sorted(str(name) for name in await sftp.listdir("/") if not name.startswith("."))

    with Sftp(House(), tmp_path, password="", authorized_keys=allowed) as bank:
        by_key: dict[str, Any] = {"password": None, "client_keys": [key]}
        assert bank.run(look, **by_key) == ["in", "out", "taken"]
        wrong: dict[str, Any]
        for wrong in ({"password": "s3cret"}, {"password": None, "client_keys": [other]}):
            with pytest.raises(asyncssh.PermissionDenied):
                bank.run(look, **wrong)
    with Sftp(House(), tmp_path) as bank, pytest.raises(asyncssh.PermissionDenied):
        bank.run(look, password="wrong")


def test_the_host_key_stays_the_same_over_restarts(tmp_path: Path) -> None:
    with Sftp(House(), tmp_path) as first:
        told = first.door.public_key()
    with Sftp(House(), tmp_path) as second:
        assert second.door.public_key() == told
