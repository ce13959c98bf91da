"""A worker may be killed at every line of telling a payee: each is told, and told twice only where
nobody knew whether he was: the same bytes, under the same Message-ID."""

from __future__ import annotations

from collections import defaultdict
from functools import partial
from pathlib import Path

from nostro.ops import sealing
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows import advice_notices, advice_planning
from tests.kill import harness
from tests.kill.harness import LINES_MAX, SOAK, say
from tests.mail_server import MailServer, mail_server
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company, scripted_connector
from tests.workflows.post import Post

PAYMENTS = 600 if SOAK else 240  # One for each kill that leaves a notice half sent.
FEWEST = 50
# Before its intent is committed nothing of a notice has left: then not every line is tried.
STEP = 1 if SOAK else 12


def test_killed_at_every_line_of_telling_a_payee(database: str, tmp_path: Path) -> None:
    with scripted_connector(), mail_server(tmp_path) as server:
        company = Company()
        post = Post(company, server)
        sent = Sent(company, PAYMENTS)
        sent.hears(sent.report(*((number, "ACSC", "") for number in range(PAYMENTS))))
        sealing.seal_all(company.clock.now())
        while advice_planning.plan(company.job) >= 0:
            pass
        kills = killed_at_each_line(post)
        say(f"killed at {kills} lines of telling a payee")
        assert FEWEST < kills < PAYMENTS
        company.clock.advance(minutes=5)  # What the dead had taken is due again.
        advice_notices.attend(company.job)
        each_is_told(post, server)


def killed_at_each_line(post: Post) -> int:
    """Each kill meets another notice: what it had taken is not due again yet."""
    kills, number, step = 0, 1, STEP
    work = partial(advice_notices.tell_next, post.company.job)
    while number < LINES_MAX:
        ended = harness.at_line(work, number)
        assert not ended.failed
        if not ended.by_us:
            return kills
        kills += 1
        if step > 1 and "sending" in post.states:
            number, step = number - step, 1
        number += step
    raise AssertionError("the trace does not work")


def each_is_told(post: Post, server: MailServer) -> None:
    assert set(post.states) == {"sent"}
    with tenant(post.company.tenant_id):
        doubts = dict(models.AdviceNotice.objects.values_list("message_id", "doubts"))
    told = defaultdict(list)
    for taken in server.taken:
        told[str(taken.message["Message-ID"])[1:].partition("@")[0]].append(taken.content)
    assert set(told) == set(doubts)
    for name, contents in told.items():
        assert len(set(contents)) == 1
        assert len(contents) <= 1 + doubts[name]
    again = sum(map(len, told.values())) - len(told)
    say(f"{len(told)} payees told, {again} of them twice; {sum(doubts.values())} times in doubt")
    assert again  # Killed between sending and writing it down.
