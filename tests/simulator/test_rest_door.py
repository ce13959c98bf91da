"""The simulated bank's REST door, driven by a client that we did not write: httpx."""

from __future__ import annotations

import base64
import socket
import threading
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jws
from joserfc.jwk import ECKey

from nostro.connectors.bank.rest import CONNECTOR as REST_CONNECTOR
from nostro.connectors.bank.rest import RestBankConfig
from nostro.domain.errors import InDoubt
from nostro.ports import NameAsked, Outgoing
from nostro.simulator.script import Script
from tests.simulator.files import Line, pain_001_file, recall_file
from tests.simulator.houses import House, post, rest


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


@pytest.mark.parametrize(
    ("name", "answer", "told"),
    [
        ("acme, B.V.", "RCVC", ""),
        ("Acme", "RVMC", "Acme B.V."),
        ("Akme B.V.", "RVMC", "Acme B.V."),
        ("Zeisig GmbH", "RVNM", ""),
    ],
)
def test_our_own_connector_asks_whose_account_it_is(name: str, answer: str, told: str) -> None:
    with rest(House()) as client:
        client.post("/_bank/holders", content=b'{"NL20INGB0001234567": "Acme B.V."}')
        config = RestBankConfig(base_url=str(client.base_url), payee_path="/payee-verifications")
        channel: Any = REST_CONNECTOR.open(config, {})
        said = channel.verify_payee(NameAsked(iban="NL20INGB0001234567", bic="", name=name))
        assert (said.answer, said.name) == (answer, told)
        elsewhere = NameAsked(iban="NL02ABNA0123456789", bic="", name=name)
        assert channel.verify_payee(elsewhere).answer == "RVNA"


def outgoing(message_id: str) -> Outgoing:
    return Outgoing(
        message_id=message_id,
        file_name=f"{message_id}.xml",
        media_type="application/xml",
        content=pain_001_file(message_id),
    )
