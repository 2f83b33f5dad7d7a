"""An appointment as HL7 v2 says it: SIU, version 2.5.1, chapter 10.

The product owns its appointments and notifies others: it is the filler of the standard. An
appointment keeps its id (SCH-1, SCH-2) through all its times; each time has an accession number of
its own (SCH-26, SCH-27), by which the images will answer it.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from hl7 import Field, Message, Repetition, Segment

from patients.models import Patient, Sex
from reminders.models import Announcement, Charset, Event, Receiver
from schedules.exam_codes import LOINC_OF
from schedules.models import BookingState
from surveillance.accounts.models import User

CODECS = {
    Charset.UTF_8: "utf-8",
    Charset.ISO_2022_JP: "iso2022_jp",
    Charset.LATIN_1: "latin-1",
}
# Table 0278. That a patient has come or was scanned is no event of its own, but told as a change.
_STATUS = {
    BookingState.BOOKED: "Booked",
    BookingState.ARRIVED: "Started",
    BookingState.FULFILLED: "Complete",
    BookingState.CANCELLED: "Cancelled",
    BookingState.NO_SHOW: "Noshow",
}
_REASON = {  # SCH-6, which has no values but a house's own
    Event.BOOKED: "Booked",
    Event.RESCHEDULED: "Given another time",
    Event.MODIFIED: "Changed",
    Event.CANCELLED: "Cancelled",
    Event.NO_SHOW: "Did not attend",
}
_ACTION = {Event.BOOKED: "A", Event.CANCELLED: "D"}  # table 0206; else an update
_SEX = {Sex.FEMALE: "F", Sex.MALE: "M", Sex.OTHER: "O", Sex.UNKNOWN: "U"}  # table 0001
_MINUTES = ("min", "minutes", "UCUM")

# What `hl7` would write as the code point of a sign: of those beyond ASCII nobody could read it.
_ASCII = re.compile(r"[\x00-\x7f]+")
_CONTROLS = {chr(code): f"X{code:02X}" for code in (*range(0x20), 0x7F)}
_IDEOGRAPHS = re.compile(r"[\u2e80-\u303f\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_KANA = re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")

Value = str | Sequence[str]  # a field of one component, or of several


def write(told: Announcement, receiver: Receiver, at: datetime) -> str:
    """Return the message that tells a receiver, as text; `at` is the moment that it bears."""
    booking, event = told.booking, Event(told.event)
    zone = booking.patient.clinic.zone
    starts, ends = (_time(when.astimezone(zone)) for when in (booking.starts_at, booking.ends_at))
    status = (_STATUS[BookingState(told.booking_state)], "", "HL70278")
    action, minutes = _ACTION.get(event, "U"), str(booking.minutes)
    appointment = (str(told.appointment.public_id), receiver.our_application)
    order = (booking.accession, receiver.our_application)
    booked_by = _person(booking.booked_by)
    exam = booking.slot.exam
    code = LOINC_OF.get(exam)
    segments = [
        _head(told, receiver, _time(at.astimezone(zone))),
        _segment(
            "SCH",
            {
                1: appointment,
                2: appointment,
                6: (event.name, booking.broken_off_because or _REASON[event], "L"),
                7: ("Followup", "Follow-up", "HL70276"),
                8: ("Normal", "", "HL70277"),
                9: minutes,
                10: _MINUTES,
                11: ("", "", f"M{minutes}", starts, ends),
                16: booked_by,
                20: booked_by,
                25: status,
                26: order,
                27: order,
            },
        ),
        _segment("TQ1", {1: "1", 6: (minutes, *_MINUTES[:1]), 7: starts, 8: ends}),
        _segment("PID", _patient(booking.patient)),
        _segment("RGS", {1: "1", 2: action}),
        _segment(
            "AIS",
            {
                1: "1",
                2: action,
                3: (*code, "LN", exam, exam, "L") if code else (exam, exam, "L"),
                4: starts,
                7: minutes,
                8: _MINUTES,
                10: status,
            },
        ),
        _segment(
            "AIG",
            {
                1: "1",
                2: action,
                3: (booking.scanner.ae_title or booking.scanner.name, booking.scanner.name, "L"),
                4: (booking.slot.modality, "", "DCM"),
                8: starts,
                11: minutes,
                12: _MINUTES,
                14: status,
            },
        ),
        _segment(
            "AIL",
            {
                1: "1",
                2: action,
                3: (booking.patient.clinic.code, booking.scanner.name),
                6: starts,
                9: minutes,
                10: _MINUTES,
                12: status,
            },
        ),
    ]
    return str(Message("\r", segments))


def _head(told: Announcement, receiver: Receiver, at: str) -> Segment:
    charsets = [Field(sequence=[one]) for one in receiver.charset.split("~")]
    head = _segment(
        "MSH",
        {
            3: receiver.our_application,
            4: receiver.our_facility,
            5: receiver.application,
            6: receiver.facility,
            7: at,
            9: ("SIU", told.event, "SIU_S12"),
            10: told.control_id,
            11: "P",
            12: "2.5.1",
        },
    )
    head[1], head[2] = Field(sequence=["|"]), Field(sequence=["^~\\&"])
    head += [*(Field(sequence=[""]) for _ in range(13, 18)), Field(sequence=charsets)]
    if receiver.charset == Charset.ISO_2022_JP:
        head += [Field(sequence=[""]), Field(sequence=["ISO 2022-1994"])]
    return head


def _patient(patient: Patient) -> Mapping[int, Value]:
    name = patient.family_name + patient.given_name
    letters = "I" if _IDEOGRAPHS.search(name) else "P" if _KANA.search(name) else "A"
    return {
        1: "1",
        3: (patient.mrn, "", "", patient.mrn_issuer, "MR"),
        5: (patient.family_name, patient.given_name, "", "", "", "", "L", letters),
        7: f"{patient.birth_date:%Y%m%d}",
        8: _SEX[Sex(patient.sex)],
    }


def _person(user: User) -> Value:
    return (user.username, user.last_name, user.first_name)


def _time(when: datetime) -> str:
    return f"{when:%Y%m%d%H%M%S%z}"


def _segment(name: str, fields: Mapping[int, Value]) -> Segment:
    """Return a segment with these values in its fields, each escaped."""
    values = (fields.get(number, "") for number in range(1, max(fields) + 1))
    return Segment("|", [Field(sequence=[name]), *map(_field, values)])


def _field(value: Value) -> Field:
    components = (value,) if isinstance(value, str) else value
    escaped = [_escaped(component) for component in components]
    while len(escaped) > 1 and not escaped[-1]:
        escaped.pop()
    return Field(sequence=[Repetition(sequence=escaped)])


def _escaped(value: str) -> str:
    message = Message("\r")
    return _ASCII.sub(lambda run: str(message.escape(run[0], _CONTROLS)), value)
