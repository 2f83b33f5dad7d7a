"""The only writers of schedules and of what happens to their slots.

Each action is one transaction that first locks the patient, so that of two people at once the
second sees what the first did; it checks, writes and records itself in the audit. What it refuses
it refuses with a `ValidationError` whose keys are the fields of the form that asked. `at` is the
moment at which it is done: now, unless told.
"""

from schedules.actions.bookings import (
    BOOKING_MOVES,
    book,
    break_off,
    move_booking,
    reschedule,
)
from schedules.actions.contacts import record_contact
from schedules.actions.exports import export, export_calendar, record_download
from schedules.actions.feeds import make_feed, note_reading, revoke_feed
from schedules.actions.jobs import ask_for
from schedules.actions.protocols import (
    activate_protocol,
    draft_protocol,
    import_protocol,
    take_over,
)
from schedules.actions.results import correct_result, record_result, review_result
from schedules.actions.reviews import TOGETHER, review, review_together
from schedules.actions.saved_views import delete_view, rename_view, save_view
from schedules.actions.scanners import add_scanner, change_scanner, use_scanner
from schedules.actions.schedules import (
    change_protocol,
    decline_anchor,
    end,
    enrol,
    rebaseline,
    record_death,
    resume,
    suspend,
)
from schedules.actions.studies import keep_off_schedule, record_study, withdraw_study
from schedules.actions.undo import (
    UNDO_WITHIN,
    UNDOABLE,
    undo_booking,
    undo_contact,
    undo_keep_off_schedule,
    undo_outcome,
    undo_result_review,
    undo_review,
)

__all__ = [
    "BOOKING_MOVES",
    "TOGETHER",
    "UNDOABLE",
    "UNDO_WITHIN",
    "activate_protocol",
    "add_scanner",
    "ask_for",
    "book",
    "break_off",
    "change_protocol",
    "change_scanner",
    "correct_result",
    "decline_anchor",
    "delete_view",
    "draft_protocol",
    "end",
    "enrol",
    "export",
    "export_calendar",
    "import_protocol",
    "keep_off_schedule",
    "make_feed",
    "move_booking",
    "note_reading",
    "rebaseline",
    "record_contact",
    "record_death",
    "record_download",
    "record_result",
    "record_study",
    "rename_view",
    "reschedule",
    "resume",
    "review",
    "review_result",
    "review_together",
    "revoke_feed",
    "save_view",
    "suspend",
    "take_over",
    "undo_booking",
    "undo_contact",
    "undo_keep_off_schedule",
    "undo_outcome",
    "undo_result_review",
    "undo_review",
    "use_scanner",
    "withdraw_study",
]
