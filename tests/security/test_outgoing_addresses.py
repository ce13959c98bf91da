"""No address that a user writes leads into our own network, whatever its name says later."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

import asyncssh
import httpx
import pytest

from nostro.connectors import open_connection, outgoing, ssh_host_key
from nostro.connectors.classify import HttpChannel
from nostro.connectors.outgoing import THIS_MACHINE, JudgedTransport, Network, Reach
from nostro.domain.errors import ConnectionUnfit, NostroError, Unavailable
from nostro.ports import Outgoing
from tests.connectors.rest_bank import EmulatedBank, emulated_bank

PACKAGE = Path(outgoing.__file__).parents[1]
KEY = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
FILE = Outgoing(message_id="M-1", file_name="M-1.xml", media_type="text/xml", content=b"<D/>")

# What must never be reached without the installation's word, by the registry that says so.
CLOSED: dict[str, str] = {
    "0.0.0.0/8": "this host (RFC 1122)",
    "10.0.0.0/8": "private (RFC 1918)",
    "100.64.0.0/10": "carriers (RFC 6598)",
    "127.0.0.0/8": "loopback (RFC 1122)",
    "168.63.129.16/32": "a cloud's services for its machines",
    "169.254.0.0/16": "link-local, metadata services (RFC 3927)",
    "172.16.0.0/12": "private (RFC 1918)",
    "192.0.0.0/24": "protocol assignments (RFC 6890)",
    "192.0.2.0/24": "documentation (RFC 5737)",
    "192.88.99.0/24": "relays of 6to4 (RFC 7526)",
    "192.168.0.0/16": "private (RFC 1918)",
    "198.18.0.0/15": "benchmarks (RFC 2544)",
    "198.51.100.0/24": "documentation (RFC 5737)",
    "203.0.113.0/24": "documentation (RFC 5737)",
    "224.0.0.0/4": "multicast (RFC 5771)",
    "240.0.0.0/4": "reserved (RFC 1112)",
    "255.255.255.255/32": "everybody here (RFC 919)",
    "::/128": "unspecified (RFC 4291)",
    "::1/128": "loopback (RFC 4291)",
    "64:ff9b::/96": "IPv4 behind a translator (RFC 6052)",
    "64:ff9b:1::/48": "IPv4 behind a local translator (RFC 8215)",
    "100::/64": "discard (RFC 6666)",
    "2001::/32": "Teredo (RFC 4380)",
    "2001:db8::/32": "documentation (RFC 3849)",
    "2002::/16": "IPv4 inside 6to4 (RFC 3056)",
    "fc00::/7": "unique local, metadata services (RFC 4193)",
    "fe80::/10": "link-local (RFC 4291)",
    "fec0::/10": "site-local (RFC 3879)",
    "ff00::/8": "multicast (RFC 4291)",
}
OPEN = ["1.1.1.1", "9.9.9.9", "93.184.216.34", "172.32.0.1", "100.128.0.1", "192.0.1.1",
        "198.20.0.1", "223.255.255.254", "2606:4700::1111", "2a00:1450:4001::1"]  # fmt: skip


def inside(network: str) -> Iterator[IPv4Address | IPv6Address]:
    """The first, the last and some addresses of a network."""
    whole = ip_network(network)
    size = whole.num_addresses
    for part in range(16):
        yield whole[part * (size - 1) // 15]


def spellings(address: IPv4Address | IPv6Address) -> Iterator[str]:
    """An address as it stands, and hidden in the forms of IPv6 that carry one of IPv4."""
    yield str(address)
    if isinstance(address, IPv4Address):
        yield f"::ffff:{address}"
        yield str(IPv6Address(int(IPv6Address("2002::")) | int(address) << 80))


CASES = sorted({one for network in CLOSED for at in inside(network) for one in spellings(at)})
# As people write them into addresses, to be read by the machine's own resolver.
WRITTEN = ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0", "localhost",
           "169.254.169.254", "0xa9fea9fe", "[::1]", "[::ffff:127.0.0.1]", "[::]",
           "[::ffff:a9fe:a9fe]", "[fe80::1]", "127.0.0.1.", "LOCALHOST"]  # fmt: skip


class Nobody(httpx.BaseTransport):
    """A transport that remembers where it was led, and reaches nobody."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        raise httpx.ConnectError("nobody is there", request=request)


class Names:
    """A name server whose answer changes with every question."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers = iter(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return next(self._answers)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = outgoing.reach()
    yield
    outgoing.install(before)


def called(reach: Reach, url: str = "https://bank.example/files") -> tuple[Nobody, Exception]:
    outgoing.install(reach)
    nobody = Nobody()
    with httpx.Client(transport=JudgedTransport(nobody), trust_env=False) as client:
        with pytest.raises((ConnectionUnfit, httpx.ConnectError)) as failure:
            client.post(url, content=b"x")
        return nobody, failure.value


def is_refused(nobody: Nobody, failure: Exception) -> bool:
    refused = isinstance(failure, ConnectionUnfit) and failure.code == "address_not_allowed"
    return refused and not nobody.requests


def test_there_are_five_hundred_cases_and_more() -> None:
    assert len(CASES) > 500


def test_no_closed_address_is_connected_to() -> None:
    reached = [
        (case, answers)
        for case in CASES
        for answers in ((case,), ("9.9.9.9", case), (case, "9.9.9.9"))
        if not is_refused(*called(Reach(look_up=Names(answers))))
    ]
    assert not reached


def test_a_name_that_answers_otherwise_a_moment_later_gains_nothing() -> None:
    """The address that was judged is the one connected to; the name is not looked up again."""
    for case in CASES[:: len(CASES) // 100]:
        names = Names(["9.9.9.9"], [case])
        nobody, failure = called(Reach(look_up=names))
        assert isinstance(failure, httpx.ConnectError)
        assert [str(one.url) for one in nobody.requests] == ["https://9.9.9.9/files"]
        assert names.asked == 1
        assert is_refused(*called(Reach(look_up=names)))


@pytest.mark.parametrize("host", WRITTEN)
def test_however_it_is_written(host: str) -> None:
    nobody, failure = called(Reach(), f"http://{host}:81/")
    assert not nobody.requests
    # What this machine's own resolver does not take for an address leads nowhere either.
    assert is_refused(nobody, failure) or "looked up" in str(failure) or "Name" in str(failure)


@pytest.mark.parametrize("address", OPEN)
def test_the_open_internet_is_reached_under_its_name(address: str) -> None:
    nobody, failure = called(Reach(look_up=Names([address])))
    assert isinstance(failure, httpx.ConnectError)
    (request,) = nobody.requests
    assert ip_address(request.url.host) == ip_address(address)
    assert request.headers["host"] == "bank.example"
    assert request.extensions["sni_hostname"] == "bank.example"


def test_several_addresses_are_tried_in_turn() -> None:
    nobody, _ = called(Reach(look_up=Names(OPEN)))
    assert [request.url.host for request in nobody.requests] == OPEN[: outgoing.ADDRESSES_TRIED]


@pytest.mark.parametrize(
    ("network", "reached", "refused"),
    [
        (IPv4Network("10.20.0.0/16"), "10.20.255.1", "10.21.0.1"),
        (IPv4Network("127.0.0.1/32"), "127.0.0.1", "127.0.0.2"),
        (IPv6Network("fd00:1::/32"), "fd00:1::9", "fd00:2::9"),
    ],
)
def test_what_the_installation_opens_is_reached_and_nothing_beside_it(
    network: Network, reached: str, refused: str
) -> None:
    _, failure = called(Reach((network,), Names([reached])))
    assert isinstance(failure, httpx.ConnectError)
    assert is_refused(*called(Reach((network,), Names([refused]))))


def test_the_refusal_tells_nothing_about_our_network() -> None:
    _, failure = called(Reach(look_up=Names(["10.11.12.13"])))
    assert "10.11" not in str(failure)


@pytest.fixture
def bank() -> Iterator[EmulatedBank]:
    with emulated_bank() as emulated:
        yield emulated


def test_a_redirect_is_judged_like_any_address(bank: EmulatedBank) -> None:
    """Our channels follow none; where somebody else's code does, it is judged again."""

    class Redirecting(httpx.BaseTransport):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            assert request.url.host == "9.9.9.9"
            return httpx.Response(307, headers={"location": "http://169.254.169.254/latest"})

    def look_up(host: str, port: int) -> Sequence[str]:
        return ["9.9.9.9"] if host == "bank.example" else [host]

    outgoing.install(Reach(look_up=look_up))
    transport = JudgedTransport(Redirecting())
    client = httpx.Client(transport=transport, follow_redirects=True)
    with client, pytest.raises(ConnectionUnfit):
        client.get("https://bank.example/")
    with pytest.raises(NostroError):
        HttpChannel("https://169.254.169.254").get("/latest")


@pytest.mark.parametrize("setting", ["base_url", "sign_in_url"])
def test_a_banks_addresses_are_judged(bank: EmulatedBank, setting: str) -> None:
    outgoing.install(Reach(THIS_MACHINE))
    settings = {"base_url": bank.url, "client_id": "us", setting: "https://169.254.169.254/x"}
    opened = open_connection("rest_bank", settings, {"client_secret": "made-up"})
    with pytest.raises(ConnectionUnfit, match="leads into a network"):
        opened.send(FILE)  # type: ignore[attr-defined]
    assert not bank.files


def test_a_bank_on_this_machine_needs_the_installations_word(bank: EmulatedBank) -> None:
    outgoing.install(Reach())
    opened = open_connection("rest_bank", {"base_url": bank.url}, {})
    with pytest.raises(ConnectionUnfit, match="leads into a network"):
        opened.send(FILE)  # type: ignore[attr-defined]


def test_an_sftp_server_is_judged() -> None:
    outgoing.install(Reach(look_up=Names(["192.168.1.9"], ["192.168.1.9"])))
    settings = {"host": "sftp.bank.example", "user": "us", "drop_folder": "/in", "host_keys": [KEY]}
    opened = open_connection("sftp", settings, {"password": "made-up"})
    with pytest.raises(ConnectionUnfit, match="leads into a network"):
        opened.send(FILE)  # type: ignore[attr-defined]
    with pytest.raises(ConnectionUnfit, match="leads into a network"):
        ssh_host_key.shown("sftp.bank.example", 22)


def test_an_sftp_server_without_an_address_is_tried_again_later() -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    outgoing.install(Reach(look_up=unknown))
    with pytest.raises(Unavailable, match="could not be reached"):
        ssh_host_key.shown("sftp.bank.example", 22)


# Who may open connections at all: each judges its addresses, or goes where no user says.
OPENS_CONNECTIONS = {
    "connectors/classify.py": "gives httpx the judged transport",
    "connectors/sftp_session.py": "connects to judged addresses",
    "connectors/ssh_host_key.py": "connects to judged addresses",
    "connectors/openid.py": "gives httpx the judged transport",
    "connectors/payee/smtp.py": "connects to judged addresses",
    "connectors/webhook_call.py": "has a network of its own that judges",
    "connectors/object_store.py": "talks to a store whose address the operator has set",
    "connectors/outgoing.py": "is the judge",
    "cli/one_up.py": "asks whether its own port is free",
    "cli/up.py": "wakes itself; asks its own web server",
    "ops/breached_passwords.py": "asks a list whose address the installation chooses",
    "ops/demo_bank.py": "talks to the demo's bank, which it started on this machine",
}
CALLS = ("httpx.Client", "httpx.AsyncClient", "httpx.get", "httpx.post", "httpx.request",
         "httpx.stream", "httpx.HTTPTransport", "httpcore.ConnectionPool", "asyncssh.connect",
         "asyncssh.get_server_host_key", "socket.socket", "socket.create_connection",
         "asyncio.open_connection", "urlopen", "urllib.request.urlopen", "requests.get",
         "requests.post", "requests.Session", "requests.request", "http.client.HTTPConnection",
         "http.client.HTTPSConnection", "smtplib.SMTP", "ftplib.FTP",
         "boto3.client", "boto3.resource", "boto3.Session", "boto3.session.Session")  # fmt: skip


def test_nothing_else_of_ours_opens_connections() -> None:
    opening = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if any(f"{call}(" in path.read_text() for call in CALLS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CALLS
    }
    simulator = {
        one for one in opening if one.startswith("simulator/")
    }  # A tool beside the product.
    assert opening - simulator <= set(OPENS_CONNECTIONS), "judge the address, or say why not"
