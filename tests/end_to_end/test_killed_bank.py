"""`nostro bank`, a simulator in a process of its own: killed in the middle, it paid once."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.test_bank import hear, start
from tests.end_to_end.partners import ACCOUNT, connect
from tests.end_to_end.story import Story
from tests.workflows.company import Company, scripted_connector


class Program:
    """The program and its journal; it may be killed and started again, at another address."""

    def __init__(self, home: Path) -> None:
        self.state = home / "bank.journal"
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def keeps_account_of(self, company: Company) -> None:
        self.company = company
        self.begin()

    def begin(self) -> None:
        account = f"{self.company.accounts[ACCOUNT]}:EUR:10000.00"
        now = self.company.clock.now().strftime("%Y-%m-%dT%H:%M:%S")
        self.process = start("--state", str(self.state), "--account", account, "--clock", now)
        told = "\n".join(hear(self.process, "Ctrl-C"))
        found = re.search(r"REST +(http://\S+)", told)
        assert found
        self.url = found[1]
        connect(self.company, "rest_bank", {"base_url": self.url}, {})

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None

    def carry(self) -> None:
        self.arrange("advance?seconds=5")

    def end_days(self, count: int) -> None:
        self.company.clock.advance(days=count)
        self.arrange(f"advance?days={count}")

    def arrange(self, what: str, body: str = "") -> None:
        httpx.post(f"{self.url}/_bank/{what}", content=body, trust_env=False).raise_for_status()

    def paid(self) -> dict[str, int]:
        told = httpx.get(f"{self.url}/_bank/payments", trust_env=False).json()
        return {row["end_to_end_id"]: row["executions"] for row in told["payments"]}


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    try:
        yield made
    finally:
        made.kill()


@pytest.fixture
def story(database: str, program: Program) -> Iterator[Story]:
    with scripted_connector():
        yield Story(program)


def test_a_lost_answer_a_killed_bank_and_one_payment(story: Story, program: Program) -> None:
    """It does not deduplicate: whatever were sent twice would be paid twice."""
    ids = story.pay("V1", "V2")
    program.arrange("script", "file 1: loses_acknowledgement")
    submission_id = story.release()
    assert story.attend(submission_id) == "unknown"
    program.kill()
    story.company.clock.advance(seconds=11)
    assert story.attend(submission_id) == "unknown", "who is not there says nothing"
    program.begin()
    story.company.clock.advance(seconds=31)
    program.arrange("advance?seconds=31")  # Its clock began again with ours, not where it was.
    assert story.attend(submission_id) == "acknowledged", "its status says what became of it"
    story.hear()
    program.kill()
    program.begin()
    story.end_days()
    assert story.states(ids) == ["settled", "settled"]
    assert program.paid() == dict.fromkeys(story.keys(ids), 1)
    assert story.verdicts() == ["closes"]
    assert story.company.submission(submission_id).tries == 1
