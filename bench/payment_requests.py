"""Single payments handed in over HTTP, as a program does it: how many a second, and how long each.

    python bench/payment_requests.py key FOLDER             makes a customer; prints his key
    python bench/payment_requests.py send PORT KEY SECONDS  4 connections, each one after another

The second prints one line of JSON: requests, seconds, milliseconds at the median and at the 99th
of a hundred. Every answer must be 201, and every request is a payment of its own.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from payment_runs import PAYEES, Company, iban

CONNECTIONS = 4
WARM_UP = 25  # Requests of each connection before the clock runs.


def make_key(folder: Path) -> str:
    company = Company("API", folder)
    from nostro.storage import keys
    from nostro.storage.tenancy import tenant

    with tenant(company.tenant_id):
        _, token = keys.issue(
            company.world.ids.new(),
            name="bench",
            scopes=[keys.Scope.PAYMENTS_WRITE],
            now=company.now,
            expires_at=company.now + timedelta(days=1),
        )
    return token


def body(connection: int, number: int, day: str) -> bytes:
    payee, reference = (number * CONNECTIONS + connection) % PAYEES, f"{connection}-{number}"
    told = {
        "reference": reference,
        "entity": "NL",
        "amount": {"value": f"{10 + number}.30", "currency": "EUR"},
        "payee": {
            "number": f"V{payee}",
            "name": f"Supplier {payee}",
            "address": {
                "street": "Kade 1",
                "post_code": "1011",
                "town": "Utrecht",
                "country": "NL",
            },
            "iban": iban(100 + payee),
        },
        "requested_date": day,
        "invoices": [f"INV-{reference}"],
    }
    return json.dumps(told).encode()


class Sender(threading.Thread):
    """One connection that is kept open; it sends the next payment when the last is answered."""

    def __init__(self, number: int, port: int, token: str, ready: threading.Barrier) -> None:
        super().__init__()
        self.number, self.ready = number, ready
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.day = datetime.now(UTC).date().isoformat()
        self.took: list[float] = []
        self.failure = ""
        self.seconds = 0.0
        self.sent = 0

    def run(self) -> None:
        try:
            for _ in range(WARM_UP):
                self.send()
            self.ready.wait()
            began = time.perf_counter()
            while time.perf_counter() - began < self.seconds:
                before = time.perf_counter()
                self.send()
                self.took.append(time.perf_counter() - before)
        except (OSError, RuntimeError) as error:
            self.failure = str(error)
            self.ready.abort()

    def send(self) -> None:
        self.sent += 1
        headers = {**self.headers, "Idempotency-Key": f"{self.number}-{self.sent}"}
        self.connection.request(
            "POST", "/v1/payments", body(self.number, self.sent, self.day), headers
        )
        answer = self.connection.getresponse()
        told = answer.read()
        if answer.status != 201:
            raise RuntimeError(f"{answer.status}: {told[:500]!r}")


def send(port: int, token: str, seconds: float) -> dict[str, Any]:
    ready = threading.Barrier(CONNECTIONS)
    senders = [Sender(number, port, token, ready) for number in range(CONNECTIONS)]
    for sender in senders:
        sender.seconds = seconds
        sender.start()
    for sender in senders:
        sender.join()
    if failures := [sender.failure for sender in senders if sender.failure]:
        raise SystemExit("; ".join(failures))
    took = sorted(one for sender in senders for one in sender.took)
    return {
        "requests": len(took),
        "all_requests": sum(sender.sent for sender in senders),
        "seconds": seconds,
        "p50_ms": took[len(took) // 2] * 1000,
        "p99_ms": took[len(took) * 99 // 100] * 1000,
    }


if __name__ == "__main__":
    if sys.argv[1] == "key":
        print(make_key(Path(sys.argv[2])))
    else:
        print(json.dumps(send(int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))))
