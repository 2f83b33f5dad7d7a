"""A calendar read back says what was written, in every zone, at every moment, of any text."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar

from schedules.feeds.writing import CONTROLS, Entry, written
from schedules.feeds.zones import zone_of
from tests.calendars import events

FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2029, 12, 31, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

zones = st.sampled_from(sorted(available_timezones())).map(ZoneInfo)
minutes_apart = (LAST - FIRST) // timedelta(minutes=1)
moments = st.integers(0, minutes_apart).map(lambda minutes: FIRST + timedelta(minutes=minutes))
# What PostgreSQL can hold of what people type.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=120)
entries = st.builds(
    Entry,
    uid=st.uuids(),
    sequence=st.integers(0, 2**31 - 1),
    changed_at=moments,
    starts_at=moments,
    minutes=st.integers(1, 720),
    zone=zones,
    title=texts,
    place=texts,
    note=texts,
    is_cancelled=st.booleans(),
    takes_time=st.booleans(),
)


def calendar(*told: Entry, name: str = "CT") -> bytes:
    zones = {one.zone.key: one.zone for one in told}.values()
    return b"".join(written(name, zones, FIRST.date(), LAST.date(), told))


def read(file: bytes) -> list[dict[str, object]]:
    return [
        {
            "uid": str(event["UID"]),
            "sequence": event["SEQUENCE"],
            "changed_at": event["LAST-MODIFIED"].dt,
            "stamp": event["DTSTAMP"].dt,
            "starts_at": event["DTSTART"].dt.astimezone(UTC),
            "ends_at": event["DTEND"].dt.astimezone(UTC),
            "texts": [str(event[name]) for name in ("SUMMARY", "LOCATION", "DESCRIPTION")],
            "status": str(event["STATUS"]),
            "transp": str(event["TRANSP"]),
        }
        for event in events(file)
    ]


@given(st.lists(entries, max_size=3), texts)
def test_what_is_written_is_read_back(told: list[Entry], name: str) -> None:
    file = calendar(*told, name=name)

    assert read(file) == [
        {
            "uid": str(one.uid),
            "sequence": one.sequence,
            "changed_at": one.changed_at,
            "stamp": one.changed_at,
            "starts_at": one.starts_at,
            "ends_at": one.starts_at + timedelta(minutes=one.minutes),
            "texts": [CONTROLS.sub(" ", text) for text in (one.title, one.place, one.note)],
            "status": "CANCELLED" if one.is_cancelled else "CONFIRMED",
            "transp": "OPAQUE" if one.takes_time else "TRANSPARENT",
        }
        for one in told
    ]


@given(st.lists(entries, max_size=3))
def test_lines_are_short_end_as_they_must_and_cut_no_sign_in_two(told: list[Entry]) -> None:
    file = calendar(*told)

    assert file.count(b"\n") == file.count(b"\r") == file.count(b"\r\n")
    for line in file.split(b"\r\n"):
        assert len(line) <= 75
        line.decode()


@given(zones, moments)
@example(BERLIN, datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC))
@example(BERLIN, datetime(2026, 3, 29, 1, tzinfo=UTC))
@example(BERLIN, datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC))
@example(BERLIN, datetime(2026, 10, 25, 1, tzinfo=UTC))
def test_a_zones_clock_is_told_as_the_standard_reads_it(zone: ZoneInfo, moment: datetime) -> None:
    """RFC 5545, 3.6.5: an observance begins at its DTSTART by the clock that ends then."""
    parts: list[Any] = zone_of(zone, FIRST.date(), LAST.date()).subcomponents
    observances = sorted(
        (
            (one["DTSTART"].dt - one["TZOFFSETFROM"].td).replace(tzinfo=UTC),
            one["TZOFFSETTO"].td,
            str(one["TZNAME"]),
            one.name == "DAYLIGHT",
        )
        for one in parts
    )

    _, offset, name, is_summer = [one for one in observances if one[0] <= moment][-1]

    local = moment.astimezone(zone)
    assert (offset, name, is_summer) == (local.utcoffset(), local.tzname(), bool(local.dst()))


def test_a_calendar_of_nothing_is_a_calendar() -> None:
    file = b"".join(written("CT 1", [BERLIN], date(2026, 1, 1), date(2026, 1, 1), []))

    told = Calendar.from_ical(file)
    assert (str(told["X-WR-CALNAME"]), read(file)) == ("CT 1", [])
