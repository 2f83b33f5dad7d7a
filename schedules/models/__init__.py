"""What is due: protocols, schedules, slots, bookings, contacts, studies, results, reviews; jobs,
calendar feeds, and what people keep for themselves."""

from schedules.models.booking import Booking, BookingState, Scanner
from schedules.models.contact import Contact, ContactOutcome
from schedules.models.export import ExportTable, FileFormat
from schedules.models.feed import Feed
from schedules.models.job import Job, JobFile, JobKind, JobState
from schedules.models.protocol import Protocol, ProtocolState
from schedules.models.review import Decision, Review
from schedules.models.saved_view import ListName, SavedView
from schedules.models.schedule import (
    DeclinedAnchor,
    EndReason,
    Schedule,
    ScheduleState,
    Slot,
    Suspension,
)
from schedules.models.study import Correction, Result, ResultOutcome, Study

__all__ = [
    "Booking",
    "BookingState",
    "Contact",
    "ContactOutcome",
    "Correction",
    "Decision",
    "DeclinedAnchor",
    "EndReason",
    "ExportTable",
    "Feed",
    "FileFormat",
    "Job",
    "JobFile",
    "JobKind",
    "JobState",
    "ListName",
    "Protocol",
    "ProtocolState",
    "Result",
    "ResultOutcome",
    "Review",
    "SavedView",
    "Scanner",
    "Schedule",
    "ScheduleState",
    "Slot",
    "Study",
    "Suspension",
]
