"""A kept statement read anew with a mended dialect: ids and matches stay, words change, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from nostro.domain.errors import Refused
from nostro.domain.match import MatchState
from nostro.domain.party import Member, Role
from nostro.domain.statement_reread import ReadLine, StoredLine, Value, difference
from nostro.storage import evidence, models
from nostro.storage.tenancy import looking, tenant
from nostro.workflows import answers, line_deciding, statement_rereading
from tests.workflows.company import Company, iban
from tests.workflows.test_line_deciding import employ, proposals_of
from tests.workflows.test_statements import lines, owed, still_open

WRONG, RIGHT = "abn_amro", "sparkasse"  # One writes :86: between slashes, the other with ?20 codes.


def mt940(account: str, told: Sequence[tuple[int, str]], *, name: str = "S1") -> bytes:
    """German :86: lines; amounts in minor units, the second the invoice that the payer names."""
    rows = []
    for number, (minor, text) in enumerate(told, start=1):
        sign, amount = ("C" if minor > 0 else "D"), f"{abs(minor) // 100},{abs(minor) % 100:02}"
        rows.append(f":61:2611201120{sign}{amount}NTRFNONREF//B{name}{number}")
        rows.append(f":86:166?00GUTSCHRIFT?20{text}?30DEUTDEFF?31{iban(8)}?32Kunde GmbH")
    closing = 1_000_000 + sum(minor for minor, _ in told)
    end = f"{closing // 100},{closing % 100:02}"
    body = "\r\n".join(
        [f":20:{name}", f":25:{account}", ":28C:7/1", ":60F:C261120EUR10000,00", *rows,
         f":62F:C261120EUR{end}", "-"]
    )  # fmt: skip
    return f"{body}\r\n".encode()


class Case:
    def __init__(self, company: Company) -> None:
        self.company = company
        self.account = company.accounts["DE-EUR"]

    def speaks(self, profile: str) -> None:
        with tenant(self.company.tenant_id):
            row = models.Connection.objects.get(id=self.company.bank_id)
            row.config = {**row.config, "profile": profile}
            row.save()

    def comes(self, *told: tuple[int, str], name: str = "S1") -> UUID:
        content = mt940(self.account, told, name=name)
        answers.receive_message(self.company.job, self.company.bank_id, f"{name}.sta", content)
        with tenant(self.company.tenant_id):
            return models.Statement.objects.order_by("-id").values_list("id", flat=True)[0]

    def rows(self) -> list[models.BankTransaction]:
        with tenant(self.company.tenant_id):
            return list(models.BankTransaction.objects.order_by("line", "id"))

    def preview(self, statement_id: UUID) -> Any:
        with tenant(self.company.tenant_id):
            return statement_rereading.read_anew(self.company.job, statement_id).difference


@pytest.fixture
def case(company: Company) -> Case:
    made = Case(company)
    made.speaks(WRONG)
    return made


@pytest.fixture
def clerk(company: Company) -> Member:
    return employ(company, "Rita Reconciler", Role.RECONCILER)


def test_a_mended_dialect_is_shown_first_and_then_written_and_matches(
    case: Case, clerk: Member
) -> None:
    company = case.company
    statement_id = case.comes((500_00, "RE-2026-101"), (-7_00, "FEE"))
    before = case.rows()
    assert before[0].counterparty_iban == ""
    owed(company, ("RE-2026-101", 500_00), payer=iban(8))
    case.speaks(RIGHT)
    told = case.preview(statement_id)
    assert (told.same, len(told.changed), told.added, told.removed) == (0, 2, (), ())
    fields = {one.name: (one.before, one.after) for one in told.changed[0].fields}
    assert fields["counterparty_iban"] == ("", iban(8))
    assert fields["counterparty_name"][1] == "Kunde GmbH"
    assert [row.remittance for row in case.rows()] == [row.remittance for row in before]
    statement_rereading.apply(company.acting(clerk), clerk, statement_id, "profile mended")
    after = case.rows()
    assert [row.id for row in after] == [row.id for row in before]
    assert after[0].counterparty_name == "Kunde GmbH"
    assert after[0].remittance == "RE-2026-101"
    assert (500_00, "matched") in lines(company)
    assert still_open(company)["RE-2026-101"] == 0
    (event,) = company.events("statement.reread")
    assert (event["reason"], event["changed"]) == ("profile mended", 2)


def test_the_same_again_changes_nothing_and_the_same_statement_sent_again_is_known(
    case: Case, clerk: Member
) -> None:
    statement_id = case.comes((500_00, "RE-2026-101"), (500_00, "RE-2026-101"))
    case.speaks(RIGHT)
    acting = case.company.acting(clerk)
    statement_rereading.apply(acting, clerk, statement_id, "mended")
    assert case.preview(statement_id).is_none
    statement_rereading.apply(acting, clerk, statement_id, "mended")
    assert len(case.company.events("statement.reread")) == 1
    assert (
        sorted(row.occurrence for row in case.rows()) == [1, 2]
        or len({row.dedupe_digest for row in case.rows()}) == 2
    )
    with tenant(case.company.tenant_id):
        assert models.Statement.objects.count() == 1
        assert models.Balance.objects.count() == 2


def test_a_matched_line_gets_its_words_and_stays_matched(case: Case, clerk: Member) -> None:
    company = case.company
    owed(company, ("RE-2026-101", 500_00))
    statement_id = case.comes((500_00, "RE-2026-101"))
    (proposal, *_) = proposals_of(company, case.rows()[0].id)
    (done,) = line_deciding.confirm(company.acting(clerk), clerk, [proposal])
    assert done.error is None
    case.speaks(RIGHT)
    statement_rereading.apply(company.acting(clerk), clerk, statement_id, "mended")
    (row,) = case.rows()
    assert (row.match_state, row.counterparty_name) == ("matched", "Kunde GmbH")
    assert still_open(company)["RE-2026-101"] == 0
    with tenant(company.tenant_id):
        assert models.Match.objects.filter(undone_at=None).count() == 1


def test_overlapping_statements_of_two_dialects_become_one_booking(
    case: Case, clerk: Member
) -> None:
    """What a statement tells in the mended dialect, and one before it told in the wrong one."""
    company = case.company
    first = case.comes((500_00, "RE-1"), name="S1")
    case.speaks(RIGHT)
    content = mt940(case.account, [(500_00, "RE-1")], name="S1").replace(b":20:S1", b":20:S2")
    answers.receive_message(company.job, company.bank_id, "again.sta", content)
    assert len(case.rows()) == 2, "in other words it looks like another booking"
    statement_rereading.apply(company.acting(clerk), clerk, first, "mended")
    assert len(case.rows()) == 1
    with tenant(company.tenant_id):
        assert models.RepeatedLine.objects.filter(statement_id=first).count() == 1


def test_a_statement_that_came_again_in_its_right_words_is_not_made_twice(
    case: Case, clerk: Member
) -> None:
    first = case.comes((500_00, "RE-1"))
    case.speaks(RIGHT)
    again = mt940(case.account, [(500_00, "RE-1")]) + b"\r\n"
    answers.receive_message(case.company.job, case.company.bank_id, "again.sta", again)
    with tenant(case.company.tenant_id):
        assert models.Statement.objects.count() == 2
    with pytest.raises(Refused, match="came again"):
        statement_rereading.apply(case.company.acting(clerk), clerk, first, "mended")


def test_who_may_not_match_may_not(case: Case) -> None:
    statement_id = case.comes((500_00, "RE-1"))
    case.speaks(RIGHT)
    maker = case.company.maker
    with pytest.raises(Refused):
        statement_rereading.apply(case.company.acting(maker), maker, statement_id, "mended")
    assert case.rows()[0].counterparty_name == ""


def test_a_file_with_confidential_payments_is_read_anew_by_who_is_cleared_only(
    case: Case, clerk: Member
) -> None:
    statement_id = case.comes((500_00, "RE-1"))
    with tenant(case.company.tenant_id):
        evidence.hide(models.Statement.objects.get(id=statement_id).evidence_id)
    case.speaks(RIGHT)
    with pytest.raises(Refused):
        statement_rereading.apply(case.company.acting(clerk), clerk, statement_id, "mended")
    with looking(case.company.tenant_id, cleared=False), pytest.raises(Refused):
        statement_rereading.read_anew(case.company.job, statement_id)
    assert case.rows()[0].counterparty_name == ""


def stored(number: int, minor: int, digest: str, state: MatchState = MatchState.UNMATCHED) -> Any:
    return StoredLine(
        number=number, digest=digest, occurrence=1, told={"amount_minor": minor, "currency": "EUR"},
        id=UUID(int=number), state=state, own=True,
    )  # fmt: skip


def read(number: int, minor: int, digest: str) -> ReadLine:
    told: dict[str, Value] = {"amount_minor": minor, "currency": "EUR"}
    return ReadLine(number=number, digest=digest, occurrence=1, told=told)


def test_lines_are_laid_beside_each_other_by_identity_then_money_then_place() -> None:
    one = difference(
        [stored(1, 5, "a"), stored(2, 7, "b"), stored(3, 9, "c")],
        [read(1, 1, "new"), read(2, 5, "a"), read(3, 7, "other")],
    )
    pairs = {(c.stored.number, c.read.number) for c in one.changed}
    assert pairs == {(1, 2), (2, 3), (3, 1)}, "as many as before: the last go by what is left"
    more = difference([stored(1, 5, "a")], [read(1, 5, "a"), read(2, 5, "a")])
    assert (more.same, [line.number for line in more.added]) == (1, [2])


@pytest.mark.parametrize(
    ("now", "in_the_way"), [([read(1, 5, "z")], 0), ([read(1, 6, "z")], 1), ([], 1)]
)
def test_matched_lines_are_in_the_way_where_their_money_changes_or_goes(
    now: list[ReadLine], in_the_way: int
) -> None:
    found = difference([stored(1, 5, "a", MatchState.MATCHED)], now)
    assert len(found.in_the_way) == in_the_way
