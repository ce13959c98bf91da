"""What payees were told of their payments, as people read it: each notice and how it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from nostro.console.words import Status
from nostro.domain.advice_notice import NoticeState
from nostro.storage.advice_notices import ToldNotice
from nostro.storage.paging import Page

STATES: Final[Mapping[NoticeState, Status]] = {
    NoticeState.WAITING: Status(kind="info", icon="clock", word="Goes by itself"),
    NoticeState.SENDING: Status(kind="info", icon="clock", word="Being sent"),
    NoticeState.SENT: Status(kind="ok", icon="circle-check", word="Sent"),
    NoticeState.NOT_SENT: Status(kind="bad", icon="triangle-alert", word="Not sent"),
    NoticeState.NO_ADDRESS: Status(kind="warn", icon="circle-help", word="No address known"),
    NoticeState.DROPPED: Status(kind="mut", icon="circle-x", word="No longer so"),
}


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One notice with its standing in a word."""

    told: ToldNotice
    status: Status


def notices(page: Page[ToldNotice]) -> list[Notice]:
    return [Notice(told=one, status=STATES[one.notice.state]) for one in page.rows]
