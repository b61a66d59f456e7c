"""Calendar months in UTC."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Case, IntegerField, Value, When

_SHOWN = re.compile(r"^([0-9]{4})-(0[1-9]|1[0-2])$")
_NAMES = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """One month."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> "Month":
        """The one that the day belongs to."""
        return cls(day.year, day.month)

    @classmethod
    def parse(cls, shown: str) -> "Month":
        """From 2026-11. Raises ValueError."""
        found = _SHOWN.match(shown)
        if found is None or int(found[1]) < 1970:
            raise ValueError(f"{shown[:20]!r}: expected a month as 2026-11")
        return cls(int(found[1]), int(found[2]))

    def moved(self, months: int) -> "Month":
        """So many months later."""
        year, number = divmod(self.year * 12 + self.number - 1 + months, 12)
        return Month(year, number + 1)

    @property
    def first_day(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """The first instant after it."""
        return self.moved(1).start

    @property
    def words(self) -> str:
        """November 2026."""
        return f"{_NAMES[self.number - 1]} {self.year}"

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def span(first: Month, last: Month) -> list[Month]:
    """From one to the other, both included."""
    made = [first]
    while made[-1] < last:
        made.append(made[-1].moved(1))
    return made


def place_in(months: list[Month], field: str, *, days: bool = False) -> Any:
    """For the database: the place in ``months`` of the month that a time belongs to; a day, when ``days``."""
    return Case(
        *(
            When(
                **{
                    f"{field}__gte": month.first_day if days else month.start,
                    f"{field}__lt": month.moved(1).first_day if days else month.end,
                },
                then=Value(place),
            )
            for place, month in enumerate(months)
        ),
        output_field=IntegerField(),
    )


def between(months: list[Month], field: str, *, days: bool = False) -> dict[str, Any]:
    """For a filter: from the beginning of the first to the end of the last of ``months``, which follow one another."""
    first, last = months[0], months[-1].moved(1)
    return {
        f"{field}__gte": first.first_day if days else first.start,
        f"{field}__lt": last.first_day if days else last.start,
    }
