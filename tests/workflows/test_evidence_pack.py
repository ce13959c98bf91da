"""An evidence pack tells a payment from its file to the journal; nobody can change a byte of it.

It is checked by the stand-alone verifier in a process of its own that knows nothing of nostro.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import connections

from nostro import verifier
from nostro.domain.audit_statement import PACK_PREFIX, key_id
from nostro.domain.errors import Refused
from nostro.domain.order import OrderState
from nostro.ops import checkpoints
from nostro.ops.secrets import FileSecrets
from nostro.storage import audit_statements, models
from nostro.storage.tenancy import tenant
from nostro.workflows import answers, dispatch, evidence_pack, posting
from nostro.workflows.evidence_pack import About, Packed
from nostro.workflows.retention import erase_evidence, set_retention
from tests.workflows.bank_words import Booking, camt_053, pain_002
from tests.workflows.company import FRIDAY, Company, scripted_connector

VERIFIER = str(Path(verifier.__file__))
Members = list[tuple[str, bytes]]


class Life:
    """A company whose three payments came in one file and are in the books; and another one."""

    def __init__(self, folder: Path) -> None:
        self.keys = FileSecrets(folder / "secrets")
        self.company = Company()
        self.ids = self.lived(self.company)
        self.other = Company()
        self.other_ids = self.lived(self.other)

    def lived(self, company: Company) -> list[UUID]:
        receipt = company.receive(company.run_file({}, {}, {}))
        ids = [line.order_id for line in receipt.lines if line.order_id]
        company.approve(ids)
        (submission_id,) = company.release()
        dispatch.attend(company.job, submission_id)
        rows = [row.instruction for row in company.orders(ids)]
        sent = company.bank.received[-1].message_id
        told = [(row.end_to_end_id, "ACCP", "") for row in rows]
        self.hears(company, pain_002(sent, lines=told))
        booked = [
            Booking(minor=-row.amount.minor, end_to_end_id=row.end_to_end_id, reference=f"B{n}")
            for n, row in enumerate(rows)
        ]
        self.hears(company, camt_053(company.accounts["DE-EUR"], booked))
        with tenant(company.tenant_id):
            posted = posting.deliver_journals(company.job, company.erp_id)
        assert posted
        dispatch.attend(company.job, posted)
        assert company.states(ids) == [OrderState.SETTLED] * 3
        return ids

    def hears(self, company: Company, content: bytes) -> None:
        answers.receive_message(company.job, company.bank_id, "b.xml", content)

    def pack(self, about: About, checkpoint: int = 0) -> tuple[bytes, Packed]:
        out = io.BytesIO()
        with tenant(self.company.tenant_id):
            taken = evidence_pack.take(self.company.job, about)
            made = evidence_pack.write(self.company.job, taken, out, self.keys, checkpoint)
        return out.getvalue(), made

    @property
    def public(self) -> bytes:
        return checkpoints.public_key(self.keys)

    def held(self) -> list[verifier.Statement]:
        with tenant(self.company.tenant_id):
            lines = [one.line().encode() for one in audit_statements.of_this_customer()]
        return [verifier.statement_of(line, held=True) for line in lines]

    def check(self, pack: bytes) -> verifier.PackVerdict:
        return verifier.verify_pack(io.BytesIO(pack), self.public, [])


@pytest.fixture(scope="module")
def life(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with scripted_connector():
        yield Life(tmp_path_factory.mktemp("pack"))


@pytest.fixture(scope="module")
def pack(life: Life) -> bytes:
    return life.pack(About(payment=life.ids[0]))[0]


def members(pack: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return [(info.filename, archive.read(info)) for info in archive.infolist()]


def archived(parts: Members) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def items(pack: bytes) -> dict[str, dict[str, Any]]:
    content = dict(members(pack))
    lines = b"".join(content[name] for name in verifier.ITEMS).splitlines()
    return {told["item"]: told for told in map(json.loads, lines)}


def test_a_payment_is_told_from_its_file_to_the_journal(life: Life, pack: bytes) -> None:
    told, content = items(pack), dict(members(pack))

    def follow(item: str, *stages: str) -> dict[str, Any]:
        for stage in stages:
            item = told[item]["links"][stage][0]
        return told[item]

    order = f"order:{life.ids[0]}"
    assert "absent" not in told[order]
    run = follow(order, "source_document", "document")
    assert content[run["member"]] == life.company.run_file({}, {}, {})
    assert follow(order, "checks")["links"]["event"][0].startswith("event:")
    assert len(told[order]["links"]["approvals"]) == 2
    sent = follow(order, "files", "file", "sent")
    assert content[sent["member"]] == life.company.bank.received[-1].content
    assert b"ACCP" in content[follow(order, "acknowledgements", "message")["member"]]
    statement = follow(order, "statement_lines", "statement_line", "statement", "document")
    assert b"camt.053" in content[statement["member"]]
    journal = follow(order, "journals")
    assert sum(line["functional_minor"] for line in journal["says"]["lines"]) == 0
    posted = follow(order, "journals", "file", "sent")
    assert content[posted["member"]] == life.company.erp.received[-1].content
    assert str(life.ids[1]) not in b"".join(content.values()).decode()


def test_it_is_checked_without_nostro(life: Life, pack: bytes, tmp_path: Path) -> None:
    file, held = tmp_path / "pack.zip", tmp_path / "held.jsonl"
    file.write_bytes(pack)
    with tenant(life.company.tenant_id):
        lines = [one.line() + "\n" for one in audit_statements.of_this_customer()]
    held.write_text("".join(lines))
    asked = ["--key", life.public.hex(), "--checkpoints", str(held)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", VERIFIER, "pack", str(file), *asked],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WHOLE" in done.stdout
    assert "You hold this checkpoint." in done.stdout
    assert "NOT COVERED" not in done.stdout


def test_the_same_again_is_the_same_bytes(life: Life, pack: bytes) -> None:
    assert life.pack(About(payment=life.ids[0]))[0] == pack
    taken = life.company.events("audit.pack_taken")
    assert len(taken) >= 2
    assert taken[-1]["payment"] == str(life.ids[0])


def test_of_a_line_and_of_a_period(life: Life) -> None:
    with tenant(life.company.tenant_id):
        line = models.BankTransaction.objects.order_by("line").first()
    assert line is not None
    told, made = life.pack(About(line=line.id))
    assert life.check(told).why == ""
    assert (made.counts["line"], made.counts["order"]) == (1, 1)
    day = FRIDAY.replace(hour=0)
    told, made = life.pack(About(since=day, until=day + timedelta(days=1)))
    found = life.check(told)
    assert found.why == ""
    assert found.items["order"] == made.counts["order"] == 3
    assert found.items["line"] == 3
    none, made = life.pack(About(since=day - timedelta(days=2), until=day - timedelta(days=1)))
    assert life.check(none).why == ""
    assert made.counts == {}


def test_nothing_of_another_customer_gets_in(life: Life) -> None:
    day = FRIDAY.replace(hour=0)
    told, _ = life.pack(About(since=day, until=day + timedelta(days=1)))
    content = b"".join(part for _, part in members(told)).decode()
    assert str(life.ids[0]) in content
    with tenant(life.other.tenant_id):
        others = {
            str(one)
            for model in (models.Order, models.Evidence, models.Submission, models.EventSeal)
            for one in model.objects.values_list(
                "event_id" if model is models.EventSeal else "id", flat=True
            )
        }
    others |= {str(life.other.tenant_id), *map(str, life.other_ids), *life.other.payees.values()}
    assert not [one for one in others if one in content]
    with tenant(life.other.tenant_id):
        line = models.BankTransaction.objects.values_list("id", flat=True)[0]
    with pytest.raises(Refused) as refused:
        life.pack(About(line=line))
    assert refused.value.code == "statement_line_unknown"
    with pytest.raises(Refused) as refused:
        life.pack(About(payment=life.other_ids[0]))
    assert refused.value.code == "payment_unknown"


# ---- Whoever tampers, is named.


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_each_member_changed_is_named(life: Life, pack: bytes) -> None:
    dice, parts = random.Random(20261123), members(pack)
    for number, (name, content) in enumerate(parts):
        for place in {0, len(content) - 1, *(dice.randrange(len(content)) for _ in range(8))}:
            changed = [*parts[:number], (name, flipped(content, place)), *parts[number + 1 :]]
            found = life.check(archived(changed))
            assert found.why, (name, place)
            assert found.name in (name, verifier.SIGNATURE, verifier.MANIFEST), found
        for cut in (content[:-1], content + b"\n", b""):
            changed = [*parts[:number], (name, cut), *parts[number + 1 :]]
            found = life.check(archived(changed))
            assert found.name in (name, verifier.MANIFEST, verifier.SIGNATURE), (name, found)


def test_each_member_removed_added_moved_or_swapped_is_named(life: Life, pack: bytes) -> None:
    parts = members(pack)
    for number, (name, content) in enumerate(parts):
        gone = life.check(archived(parts[:number] + parts[number + 1 :]))
        assert (gone.name, gone.why) == (name, "it is missing")
        with pytest.warns(UserWarning, match="Duplicate name"):
            twice = archived([*parts[: number + 1], *parts[number:]])
        assert life.check(twice).name == name
        if number:
            before, its = parts[number - 1]
            moved = [*parts[: number - 1], (name, content), (before, its), *parts[number + 1 :]]
            assert life.check(archived(moved)).name == name
            swapped = [*parts[: number - 1], (before, content), (name, its), *parts[number + 1 :]]
            assert life.check(archived(swapped)).why
    for name in ("more.jsonl", f"evidence/{UUID(int=1)}.xml"):
        added = life.check(archived([(name, b"{}\n"), *parts]))
        assert (added.name, added.why) == (name, "the manifest does not know it")


def test_the_same_members_packed_anew_are_still_what_was_signed(life: Life, pack: bytes) -> None:
    assert life.check(archived(members(pack))).whole


def test_a_byte_of_the_file_itself_changes_nothing_or_is_found(life: Life, pack: bytes) -> None:
    dice, whole = random.Random(7), members(pack)
    for place in (dice.randrange(len(pack)) for _ in range(300)):
        try:
            found = life.check(flipped(pack, place))
        except verifier.Unreadable:
            continue
        assert found.why or members(flipped(pack, place)) == whole


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "evidence/../x.xml", "a\\b.json", "evidence/x", ""]
)
def test_a_name_that_leads_elsewhere_is_refused(life: Life, pack: bytes, name: str) -> None:
    parts = members(pack)
    found = life.check(archived([(name, b"x"), *parts]))
    assert found.why == "no pack has a member of this name"


def test_a_bomb_is_refused_before_it_is_unpacked(life: Life, pack: bytes) -> None:
    parts = dict(members(pack))
    for name, most in verifier.MOST.items():
        if most > 20 << 20:
            continue
        bomb = archived(
            [(one, bytes(most + 1) if one == name else part) for one, part in parts.items()]
        )
        assert len(bomb) < 1 << 20
        found = life.check(bomb)
        assert (found.name, found.why) == (name, "it is far larger than any pack has it")
    name = next(iter(parts))
    found = life.check(
        archived([(one, bytes(64 << 20) if one == name else part) for one, part in parts.items()])
    )
    assert found.name == name
    with pytest.raises(verifier.Unreadable):
        life.check(b"PK\x03\x04 this is none")


# ---- Whoever holds a key signs anew what he changed: what the log proves still holds.

Told = dict[str, bytes]


def signed_anew(life: Life, parts: Members, change: Callable[[Told], None]) -> bytes:
    """The attacker holds the signing key: manifest and signature fit what he made."""
    content = dict(parts)
    change(content)
    told = json.loads(content.pop(verifier.MANIFEST))
    content.pop(verifier.SIGNATURE)
    told["members"] = [
        {**one, "sha256": verifier._hex(content[one["name"]]), "bytes": len(content[one["name"]])}
        for one in told["members"]
        if one["name"] in content
    ]
    manifest = msgspec.json.encode(told)
    name, signature = checkpoints.sign_text(PACK_PREFIX + manifest, life.keys)
    said = msgspec.json.encode({"key": name, "signature": signature}) + b"\n"
    order = [one["name"] for one in told["members"]]
    return archived(
        [*((one, content[one]) for one in order), ("manifest.json", manifest),
         ("signature.json", said)]
    )  # fmt: skip


def lines_of(content: Told, name: str) -> list[bytes]:
    return content[name].splitlines(keepends=True)


def change_entry(content: Told) -> None:
    lines = lines_of(content, "log.jsonl")
    place = next(n for n, line in enumerate(lines) if b'"order.approval_given"' in line)
    lines[place] = lines[place].replace(b"order.approval_given", b"order.approval_taken")
    content["log.jsonl"] = b"".join(lines)


def change_content(content: Told) -> None:
    content["log.jsonl"] = content["log.jsonl"].replace(b"Ann Approver", b"Eve Approver", 1)


def remove_entry(content: Told) -> None:
    lines = lines_of(content, "log.jsonl")
    place = next(n for n, line in enumerate(lines) if line.startswith(b'{"hash"'))
    content["log.jsonl"] = b"".join(lines[:place] + lines[place + 1 :])


def swap_entries(content: Told) -> None:
    lines = lines_of(content, "log.jsonl")
    one, other, *_ = (n for n, line in enumerate(lines) if line.startswith(b'{"hash"'))
    lines[one], lines[other] = lines[other], lines[one]
    content["log.jsonl"] = b"".join(lines)


def change_node(content: Told) -> None:
    lines = lines_of(content, "log.jsonl")
    place = next(n for n, line in enumerate(lines) if line.startswith(b'{"covers"'))
    lines[place] = json.dumps({"covers": 1, "hash": "00" * 32}).encode() + b"\n"
    content["log.jsonl"] = b"".join(lines)


def cut_log(content: Told) -> None:
    content["log.jsonl"] = b"".join(lines_of(content, "log.jsonl")[:-1])


LOG_TAMPERS = (change_entry, change_content, remove_entry, swap_entries, change_node, cut_log)


@pytest.mark.parametrize("tamper", LOG_TAMPERS, ids=lambda one: one.__name__)
def test_the_log_in_it_cannot_be_made_up(
    life: Life, pack: bytes, tamper: Callable[[Told], None]
) -> None:
    found = life.check(signed_anew(life, members(pack), tamper))
    assert found.name == "log.jsonl", found


def without_evidence(content: Told) -> None:
    del content[next(name for name in content if name.startswith("evidence/"))]


def without_item(content: Told) -> None:
    lines = lines_of(content, "payments.jsonl")
    kept = [line for line in lines if b'"item":"acknowledgement:' not in line]
    content["payments.jsonl"] = b"".join(kept)


def without_subject(content: Told) -> None:
    content["shared.jsonl"] = b"".join(lines_of(content, "shared.jsonl")[1:])


def without_approvals(content: Told) -> None:
    lines = lines_of(content, "payments.jsonl")
    told = json.loads(lines[-1])
    del told["links"]["approvals"]
    content["payments.jsonl"] = b"".join([*lines[:-1], json.dumps(told).encode() + b"\n"])


def said_to_be_erased(content: Told) -> None:
    lines = lines_of(content, "evidence.jsonl")
    told = json.loads(lines[0])
    told["missing"] = {"code": "evidence_erased", "why": "It is gone."}
    del content[told["member"]]
    content["evidence.jsonl"] = b"".join([json.dumps(told).encode() + b"\n", *lines[1:]])


def other_bytes(content: Told) -> None:
    name = next(name for name in content if name.startswith("evidence/"))
    content[name] += b" "


GRAPH_TAMPERS: dict[Callable[[Told], None], str] = {
    without_evidence: "evidence.jsonl",
    without_item: "payments.jsonl",
    without_subject: "log.jsonl",
    without_approvals: "payments.jsonl",
    said_to_be_erased: "evidence.jsonl",
    other_bytes: "evidence.jsonl",
}


@pytest.mark.parametrize("tamper", GRAPH_TAMPERS, ids=lambda one: one.__name__)
def test_no_link_leads_nowhere(life: Life, pack: bytes, tamper: Callable[[Told], None]) -> None:
    found = life.check(signed_anew(life, members(pack), tamper))
    assert found.name == GRAPH_TAMPERS[tamper], found


def test_what_may_not_be_seen_is_stated(life: Life) -> None:
    """Where the database leaves a statement line out for whoever asks, the pack says so."""
    own = f"tenant_id <> '{life.company.tenant_id}'"
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"CREATE POLICY unseen ON bank_transaction AS RESTRICTIVE USING ({own})")
        try:
            told, made = life.pack(About(payment=life.ids[0]))
        finally:
            cursor.execute("DROP POLICY unseen ON bank_transaction")
    found = life.check(told)
    assert found.why == ""
    (item,) = found.missing
    assert item.startswith("line:")
    assert made.missing == found.missing


def test_another_key_is_not_yours(life: Life, pack: bytes) -> None:
    stranger = Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    found = verifier.verify_pack(io.BytesIO(pack), stranger, [])
    assert (found.name, found.whole) == (verifier.SIGNATURE, False)
    assert key_id(stranger) != key_id(life.public)


def test_what_no_checkpoint_covers_is_said_so(life: Life) -> None:
    first = life.held()[0]
    _, made = life.pack(About(payment=life.ids[0]))
    assert made.not_covered == 0
    told, made = life.pack(About(payment=life.ids[0]), checkpoint=first.number)
    found = life.check(told)
    assert found.why == ""
    assert (found.not_covered, found.checkpoint) == (made.not_covered, first.number)
    with pytest.raises(Refused) as refused:
        life.pack(About(payment=life.ids[0]), checkpoint=9999)
    assert refused.value.code == "checkpoint_unknown"


def test_evidence_that_was_erased_is_stated_and_the_rest_still_holds(life: Life) -> None:
    """Last in this file: what is erased is gone for the other tests too."""
    company = life.company
    with tenant(company.tenant_id):
        run = models.PaymentRun.objects.get()
    set_retention(company.job, 0, "asked by our lawyer")
    company.clock.advance(days=400)
    erase_evidence(company.job, run.evidence_id, "asked by Ms Muster")
    told, made = life.pack(About(payment=life.ids[0]))
    found = life.check(told)
    assert found.why == ""
    assert list(found.missing) == [f"evidence:{run.evidence_id}"] == list(made.missing)
    assert "was erased" in found.missing[f"evidence:{run.evidence_id}"]
    assert "MISSING" in "\n".join(verifier.told_of_pack(found))
