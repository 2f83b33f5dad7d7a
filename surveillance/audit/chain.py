"""The audit as a chain: each day has a seal over all of its rows and the seal of the day before.

A row that was changed, removed or slipped in shows at the seal of its day, a changed seal at the
next one. Who can rewrite rows can rewrite all later seals too: that shows only beside a seal that
is kept elsewhere, which is why each one is written to the log. Days are those in UTC.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256

from django.db import connection
from django.utils.translation import gettext_noop

from surveillance.audit.history import changed_around
from surveillance.audit.models import Event, Seal

A_DAY = timedelta(days=1)

# What of a row is sealed. A new column of the tables is left out where it is empty, or days sealed
# before it would fit no more. Times are seconds: their text would hang on the session's time zone.
_ROW = """sha256(convert_to((jsonb_build_array({columns})
    || CASE origin WHEN '' THEN '[]' ELSE to_jsonb(origin) END)::text, 'UTF8'))"""
_SHARED = "id, public_id, extract(epoch FROM at), by_id, by_name, clinic_code"
_EVENT = _ROW.format(columns=f"{_SHARED}, act, patient_id, detail")
_STRIPPED = _ROW.format(columns=f"{_SHARED}, act, patient_id, '{{}}'::jsonb")
_LOOK = _ROW.format(columns=f"{_SHARED}, page, patient_ids")
_CONTENTS = f"""
SELECT day, count(*) FILTER (WHERE kind = 0), count(*) FILTER (WHERE kind = 1),
    encode(sha256(string_agg(row, '' ORDER BY kind, id)), 'hex')
FROM (
    SELECT day, 0 AS kind, id, coalesce(sealed_as, {_EVENT}) AS row
    FROM audit_event WHERE day BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT day, 1, id, {_LOOK} FROM audit_look WHERE day BETWEEN %(first)s AND %(last)s
) rows
GROUP BY day
"""  # noqa: S608 # nothing in it comes from outside

# A row is in the day of its statement, but is seen only when its transaction ends: a day is
# complete once nobody else is left who was writing before its end. A transaction of another role,
# of which PostgreSQL does not tell when it began, is waited for.
_LAST_COMPLETE = """
SELECT least(
    ((statement_timestamp() - interval '1 hour') AT TIME ZONE 'UTC')::date,
    (
        SELECT min((coalesce(xact_start, 'epoch') AT TIME ZONE 'UTC')::date)
        FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE pid <> pg_backend_pid() AND mode = 'RowExclusiveLock'
            AND relation IN ('audit_event'::regclass, 'audit_look'::regclass)
    )
) - 1
"""
_FIRST_DAY = "SELECT least((SELECT min(day) FROM audit_event), (SELECT min(day) FROM audit_look))"
_LAST_DUE = "SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date - 2"


# What does not fit, in English; whoever shows it may read it in another language.
SEAL_IS_GONE = gettext_noop("its seal is gone")
NO_SEAL = gettext_noop("it is over and has no seal")
CHANGED = gettext_noop("rows, its seal or the seal before it were changed")
OTHERWISE_MANY = gettext_noop(
    "sealed were %(events)s events and %(looks)s looks, there are %(events_now)s and %(looks_now)s"
)
UNKNOWN_SEAL = gettext_noop("no day has the seal %(seal)s")
REST_CHANGED = gettext_noop("what was left of %(count)s erased events was changed")
NO_ERASURE = gettext_noop("event %(event)s was erased, and no erasure tells of it")
ON_A_DAY = gettext_noop("%(day)s: %(why)s")
FAULTS = (ON_A_DAY, OTHERWISE_MANY, UNKNOWN_SEAL, REST_CHANGED, NO_ERASURE)


@dataclass(frozen=True, slots=True)
class Contents:
    """All rows of one day."""

    events: int = 0
    looks: int = 0
    digest: str = sha256().hexdigest()

    def linked(self, previous: str, day: date) -> str:
        """Return the digest of the day's seal, after the one before."""
        told = f"{previous}\n{day}\n{self.events}\n{self.looks}\n{self.digest}"
        return sha256(told.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not fit."""

    day: date | None  # none: it is of the chain as a whole
    why: str

    def __str__(self) -> str:
        return ON_A_DAY % {"day": self.day, "why": self.why} if self.day else self.why


@dataclass(frozen=True, slots=True)
class Verified:
    days: int
    events: int
    looks: int
    latest: Seal | None
    faults: list[Fault]


def seal_days() -> list[Seal]:
    """Seal each day that is complete and has no seal, and return the seals.

    Two who do it at once write the same.
    """
    latest = latest_seal()
    first = latest.day + A_DAY if latest else _day(_FIRST_DAY)
    last = _day(_LAST_COMPLETE)
    if first is None or last is None or last < first:
        return []
    contents = _contents(first, last)
    previous = latest.digest if latest else ""
    seals = []
    for day in _days(first, last):
        of = contents.get(day, Contents())
        previous = of.linked(previous, day)
        seals.append(Seal(day=day, events=of.events, looks=of.looks, digest=previous))
    return Seal.objects.bulk_create(seals, ignore_conflicts=True)


def latest_seal() -> Seal | None:
    return Seal.objects.order_by("-day").first()


def is_late() -> bool:
    """Return whether a day has been over for a day and has no seal."""
    latest, due = latest_seal(), _day(_LAST_DUE)
    first = latest.day + A_DAY if latest else _day(_FIRST_DAY)
    return bool(first and due and first <= due)


def verify(kept: str = "") -> Verified:
    """Work all seals out anew, and return what does not fit; `kept` is one kept elsewhere.

    What was changed around the application does not fit either, until somebody explains it.
    """
    seals = {seal.day: seal for seal in Seal.objects.order_by("day")}
    contents = _contents(date.min, date.max)
    due = _day(_LAST_DUE)
    assert due is not None
    sealed_until = max(seals, default=date.min)
    faults = []
    previous = ""
    for day in _days(min({*seals, *contents}, default=date.max), max(sealed_until, due)):
        of, seal = contents.get(day, Contents()), seals.get(day)
        if seal is None:
            if day < sealed_until:
                faults.append(Fault(day, SEAL_IS_GONE))
            else:
                faults.append(Fault(day, NO_SEAL))
        elif seal.digest != of.linked(previous, day):
            faults.append(Fault(day, _difference(seal, of)))
        previous = seal.digest if seal else of.linked(previous, day)
    if kept and kept not in {seal.digest for seal in seals.values()}:
        faults.append(Fault(None, UNKNOWN_SEAL % {"seal": kept}))
    faults += _unlike_their_erasure()
    faults += [Fault(around.at.date(), str(around)) for around in changed_around()]
    return Verified(
        days=len(seals),
        events=sum(of.events for of in contents.values()),
        looks=sum(of.looks for of in contents.values()),
        latest=seals.get(sealed_until),
        faults=faults,
    )


def what_is_left(events: list[int], *, stripped: bool = False) -> str:
    """Return a digest of events as they stand there, or as they will without their detail."""
    row = _STRIPPED if stripped else _EVENT
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT encode(sha256(coalesce(string_agg({row}, '' ORDER BY id), '')), 'hex')"  # noqa: S608
            " FROM audit_event WHERE id = ANY(%s)",
            [events],
        )
        [digest] = cursor.fetchone()
    assert isinstance(digest, str)
    return digest


def strip_details(events: list[int]) -> None:
    """Take the detail out of events that the event of an erasure names, and keep what is sealed.

    One that has lost it already, as it told of two, stays as it is.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE audit_event SET sealed_as = {_EVENT}, detail = '{{}}'"  # noqa: S608
            " WHERE id = ANY(%s) AND sealed_as IS NULL",
            [events],
        )


def _unlike_their_erasure() -> Iterator[Fault]:
    """What an erasure leaves of events is in no seal: the event of the erasure holds it."""
    named = set[int]()
    for erasure in Event.objects.filter(act="patient.erased", sealed_as=None):
        ids = erasure.detail["events"]
        named.update(ids)
        if what_is_left(ids) != erasure.detail["left"]:
            yield Fault(erasure.day, REST_CHANGED % {"count": len(ids)})
    for event in Event.objects.exclude(sealed_as=None).exclude(pk__in=named):
        yield Fault(event.day, NO_ERASURE % {"event": event.pk})


def _difference(seal: Seal, now: Contents) -> str:
    sealed = (seal.events, seal.looks)
    if sealed == (now.events, now.looks):
        return CHANGED
    return OTHERWISE_MANY % {
        "events": seal.events,
        "looks": seal.looks,
        "events_now": now.events,
        "looks_now": now.looks,
    }


def _contents(first: date, last: date) -> dict[date, Contents]:
    with connection.cursor() as cursor:
        cursor.execute(_CONTENTS, {"first": first, "last": last})
        return {day: Contents(*told) for day, *told in cursor.fetchall()}


def _day(question: str) -> date | None:
    with connection.cursor() as cursor:
        cursor.execute(question)
        [day] = cursor.fetchone()
    assert day is None or isinstance(day, date)
    return day


def _days(first: date, last: date) -> Iterator[date]:
    while first <= last:
        yield first
        first += A_DAY
