"""What the levels of a BAI2 file add up to, and what a group says of its accounts."""

from __future__ import annotations

from collections.abc import Iterator

from nostro.domain.problem import Location, Problem, error, warning
from nostro.domain.statement import ReportKind
from nostro.formats.american.bai2_fields import Fields, day_of, minor_of
from nostro.formats.american.bai2_records import Record

_ASK = "Ask the bank for a corrected file."
FINAL_PREVIOUS_DAY, INTERIM_SAME_DAY = "2", "3"
UPDATE, DELETION, CORRECTION, TEST = "1", "2", "3", "4"
NOT_BOOKED = {DELETION: "deletes what was sent before", TEST: "is a test"}


class Level:
    """What file, group or account must add up to: control total, members, physical records."""

    def __init__(self, name: str, members_name: str, begun: int) -> None:
        self.name = name
        self.members_name = members_name
        self.begun = begun
        self.total = 0
        self.members = 0

    def check(
        self, record: Record | None, records: int, place: Location
    ) -> tuple[int, list[Problem]]:
        """The control total that the trailer states, and what does not fit it.

        Without a trailer the total is ours, and its absence the problem.
        """
        if record is None:
            happened = f"The {self.name} has no trailer."
            return self.total, [error("trailer_missing", happened, _ASK, place)]
        fields, raw = Fields(record.body), record.text()
        told = fields.take()
        counts = [(self.members_name, self.members)] if self.members_name else []
        problems = []
        for name, found in [*counts, ("records", records - self.begun)]:
            stated = fields.take()
            if stated and minor_of(stated) != found:
                happened = (
                    f"The {self.name} trailer states {stated[:20]} {name}; there are {found}."
                )
                problems.append(error("record_count_mismatch", happened, _ASK, place, raw))
        stated_total = minor_of(told) if told else self.total
        if not told:
            happened = (
                f"The {self.name} trailer has no control total; {self.total} was not checked."
            )
            can_do = "Nothing, if the statement closes."
            problems.append(warning("control_total_missing", happened, can_do, place, raw))
        elif stated_total != self.total:
            happened = (
                f"The {self.name} trailer states a control total of {told[:30]};"
                f" the amounts add up to {self.total}."
            )
            problems.append(error("control_total_mismatch", happened, _ASK, place, raw))
        return self.total if stated_total is None else stated_total, problems


class Group:
    """What record 02 says of its accounts."""

    def __init__(self, fields: Fields) -> None:
        self.receiver, self.originator, self.status = (fields.take() for _ in range(3))
        self.told_day = fields.take()
        self.day = day_of(self.told_day)
        self.time, self.currency, self.modifier = (fields.take() for _ in range(3))

    @property
    def booked(self) -> bool:
        return self.status not in NOT_BOOKED

    @property
    def kind(self) -> ReportKind:
        final = self.modifier in (FINAL_PREVIOUS_DAY, "") and self.booked
        return ReportKind.PREVIOUS_DAY if final else ReportKind.INTRADAY

    def codes(self) -> list[tuple[str, str]]:
        """What has no field of its own, except what is as usual."""
        usual = self.modifier == FINAL_PREVIOUS_DAY or (
            self.modifier == INTERIM_SAME_DAY and self.booked
        )
        told = {
            "ultimate_receiver": self.receiver,
            "as_of_time": self.time,
            "as_of_date": "" if day_of(self.told_day) else self.told_day,
            "group_status": "" if self.status == UPDATE else self.status,
            "as_of_modifier": "" if usual else self.modifier or "none",
        }
        return [(name, text) for name, text in told.items() if text]

    def problems(self, place: Location) -> Iterator[Problem]:
        if self.status in NOT_BOOKED:
            happened = f"The group {NOT_BOOKED[self.status]}: its entries are information only."
            can_do = "Do not book it; ask the bank what it is for."
            yield warning("group_not_booked", happened, can_do, place)
        elif self.status == CORRECTION:
            happened = "The group corrects what was sent before for its day."
            can_do = "Replace the statement that came before."
            yield warning("group_is_correction", happened, can_do, place)
        elif self.status != UPDATE:
            happened = f"The group has an unknown status ({self.status[:10]!r}); read as update."
            yield warning("group_status_unknown", happened, "Ask the bank.", place)
