"""What the codes of the audit say to people: each act, and each page where somebody looked.

A code is never taken out of here: rows outlive the code that wrote them.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ACTS: Mapping[str, Promise] = {
    "alert.acknowledged": _("Took an alert in hand"),
    "booking.arrived": _("Recorded that the patient arrived"),
    "booking.booked": _("Booked an appointment"),
    "booking.cancelled": _("Cancelled an appointment"),
    "booking.fulfilled": _("Recorded that an appointment was fulfilled"),
    "booking.no_show": _("Recorded that the patient did not attend"),
    "booking.outcome_undone": _("Took back what became of an appointment"),
    "booking.rescheduled": _("Rescheduled an appointment"),
    "clinic.changed": _("Changed the clinic"),
    "clinic.closed_on": _("Added a closed day"),
    "clinic.created": _("Created the clinic"),
    "clinic.opened_on": _("Removed a closed day"),
    "contact.recorded": _("Recorded a contact"),
    "contact.undone": _("Took back a contact"),
    "finding.added": _("Added a finding"),
    "finding.withdrawn": _("Withdrew a finding"),
    "hold.discarded": _("Discarded held messages"),
    "hold.released": _("Released held messages"),
    "job.asked": _("Asked for work in the background"),
    "language.chosen": _("Chose a language"),
    "member.added": _("Added a member"),
    "member.removed": _("Removed a member"),
    "member.role_changed": _("Changed a member’s role"),
    "message.sent_again": _("Sent a message again"),
    "patient.agreed_to_messages": _("Recorded that the patient agreed to messages"),
    "patient.died": _("Recorded a death"),
    "patient.registered": _("Registered a patient"),
    "patient.responsible_named": _("Named the responsible clinician"),
    "patient.withdrew_consent": _("Recorded that the patient withdrew the consent"),
    "protocol.activated": _("Signed a protocol"),
    "protocol.drafted": _("Drafted a protocol"),
    "result.corrected": _("Corrected a result"),
    "result.recorded": _("Recorded a result"),
    "result.review_undone": _("Took back the review of a result"),
    "result.reviewed": _("Reviewed a result"),
    "review.chase": _("Decided to chase the patient"),
    "review.defer": _("Decided to defer an overdue exam"),
    "review.rebook": _("Decided to rebook an overdue exam"),
    "review.skip": _("Decided to skip an overdue exam"),
    "review.terminate": _("Decided on an overdue exam to end the follow-up"),
    "review.undone": _("Took back a decision on an overdue exam"),
    "rule.added": _("Added a rule"),
    "rule.switched_off": _("Switched a rule off"),
    "rule.switched_on": _("Switched a rule on"),
    "scanner.added": _("Added a scanner"),
    "scanner.changed": _("Changed a scanner"),
    "scanner.taken_out_of_use": _("Took a scanner out of use"),
    "scanner.used": _("Put a scanner to use again"),
    "schedule.anchor_declined": _("Kept the old series after an operation"),
    "schedule.ended": _("Ended the follow-up"),
    "schedule.enrolled": _("Started the follow-up"),
    "schedule.protocol_changed": _("Took the follow-up over to another protocol"),
    "schedule.rebaselined": _("Started a new series after an operation"),
    "schedule.resumed": _("Let the follow-up go on"),
    "schedule.suspended": _("Suspended the follow-up"),
    "schedules.exported": _("Exported schedules"),
    "study.keeping_undone": _("Took back that a study is kept off schedule"),
    "study.kept_off_schedule": _("Kept a study off schedule"),
    "images.received": _("Images came in"),
    "study.recorded": _("Recorded a study"),
    "treatment.added": _("Added a treatment"),
    "tumour.added": _("Added a tumour"),
    "view.deleted": _("Deleted a saved view"),
    "view.renamed": _("Renamed a saved view"),
    "view.saved": _("Saved a view"),
}

PAGES: Mapping[str, Promise] = {
    "add a finding": _("Add a finding"),
    "add a treatment": _("Add a treatment"),
    "book": _("Book an exam"),
    "booked": _("Booked"),
    "calendar": _("Calendar"),
    "contact": _("Messages and responsible clinician"),
    "correct result": _("Correct the result"),
    "death": _("Record a death"),
    "decline": _("Keep the old series"),
    "end": _("End the follow-up"),
    "enrol": _("Choose the follow-up"),
    "export": _("Export of the schedules"),
    "inbox": _("Inbox"),
    "message": _("Message"),
    "messages": _("Messages"),
    "modality worklist": _("Worklist of a scanner"),
    "overdue": _("Overdue"),
    "patient": _("The patient’s page"),
    "patients": _("Patients"),
    "rebaselines": _("Re-baselines proposed"),
    "record a contact": _("Record a contact"),
    "record result": _("Record the result"),
    "record study": _("Record a study"),
    "results": _("Results"),
    "resume": _("Go on with the follow-up"),
    "review": _("Decide on an overdue exam"),
    "safety net": _("Safety net"),
    "suspend": _("Suspend the follow-up"),
    "take over": _("What would change for patients on older versions"),
    "to book": _("To book"),
    "unmatched": _("Studies without a match"),
    "what_if": _("What would change"),
}


def act_in_words(code: str) -> str:
    """Return what somebody did; of a code that only a later release knew, the code."""
    return str(ACTS.get(code, code))


def page_in_words(code: str) -> str:
    """Return where somebody looked; of a code that only a later release knew, the code."""
    return str(PAGES.get(code, code))
