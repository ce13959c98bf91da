"""Notices to payees while something changes: the address, the money, who asks, what is away."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from nostro.domain.errors import Refused
from nostro.storage import models
from nostro.storage.tenancy import tenant
from nostro.workflows.advice_again import send_again
from tests.mail_server import MailServer
from tests.workflows.booking_words import Sent
from tests.workflows.company import Company
from tests.workflows.post import Post
from tests.workflows.test_advice_notices import again, server
from tests.workflows.test_reach import entity_of, narrowed
from tests.workflows.waiting import until_blocked

__all__ = ["server"]
NEW = "new@v1.example"


def paid(company: Company, count: int = 1) -> Sent:
    sent = Sent(company, count)
    sent.hears(sent.report(*((n, "ACSC", "") for n in range(count))))
    return sent


# Who asks for it again.


def test_two_who_ask_at_once_have_him_told_once(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = paid(company)
    post.run()
    outcomes: list[str] = []

    def ask() -> None:
        try:
            again(company, sent.ids[0])
            outcomes.append("")
        except Refused as error:
            outcomes.append(error.code)
        finally:
            connections.close_all()

    both = [threading.Thread(target=ask) for _ in range(2)]
    with tenant(company.tenant_id):
        models.AdviceNotice.objects.select_for_update().get(id=post.rows()[0].id)
        for one in both:
            one.start()
        until_blocked(2)
    for one in both:
        one.join()
    assert sorted(outcomes) == ["", "advice_on_its_way"]
    post.run()
    assert (len(server.taken), len(post.rows())) == (2, 2)


def test_who_asks_must_reach_the_payment(company: Company, server: MailServer) -> None:
    post = Post(company, server)
    sent = paid(company)
    post.run()
    nell = narrowed(company, entity_id=entity_of(company, "NL"))
    with pytest.raises(Refused) as caught:
        send_again(company.acting(nell), nell, sent.ids[0], "He says it never came.")
    assert caught.value.code == "beyond_grant"
    assert len(post.rows()) == 1
    dee = narrowed(company, entity_id=entity_of(company, "DE"))
    send_again(company.acting(dee), dee, sent.ids[0], "He says it never came.")
    assert len(post.rows()) == 2
