"""What is due, when it is booked, and whom somebody decided to chase."""

from collections.abc import Mapping

from schedules.models import Booking, BookingState, Review, Schedule, ScheduleState, Slot
from schedules.rules.outcome import Outcome
from surveillance.fhir.resources import protocols, systems
from surveillance.fhir.resources.systems import extension, extensions, own
from surveillance.fhir.resources.told import Json, concept, notes, reference, told

CARE_PLAN_STATUS: Mapping[str, str] = {
    ScheduleState.ACTIVE: "active",
    ScheduleState.SUSPENDED: "on-hold",
    ScheduleState.COMPLETED: "completed",
    ScheduleState.TERMINATED: "revoked",
    ScheduleState.SUPERSEDED: "revoked",
}
# Of a slot that something has become of; one still to be done is what its schedule is.
SLOT_STATUS: Mapping[str, str] = {
    Outcome.SATISFIED: "completed",
    Outcome.SKIPPED: "revoked",
    Outcome.SUPERSEDED: "revoked",
    Outcome.WITHDRAWN: "revoked",
}
# What was never done under a schedule that has ended will not be.
TO_BE_DONE_STATUS: Mapping[str, str] = {
    state: {"active": "active", "on-hold": "on-hold"}.get(status, "revoked")
    for state, status in CARE_PLAN_STATUS.items()
}
APPOINTMENT_STATUS: Mapping[str, str] = {
    BookingState.BOOKED: "booked",
    BookingState.ARRIVED: "arrived",
    BookingState.FULFILLED: "fulfilled",
    BookingState.CANCELLED: "cancelled",
    BookingState.NO_SHOW: "noshow",
}


def schedule(row: Schedule) -> Json:
    resting = [one for one in row.suspensions.all() if one.ended_on is None]
    return told(
        resourceType="CarePlan",
        id=row.public_id,
        extension=extensions(
            extension("schedule-state", valueCode=row.state),
            extension("end-reason", valueCode=row.end_reason),
            *(extension("review-on", valueDate=one.review_on) for one in resting),
        ),
        instantiatesCanonical=[protocols.canonical(row.protocol)],
        replaces=[reference("CarePlan", row.replaces.public_id)] if row.replaces else [],
        status=CARE_PLAN_STATUS[row.state],
        intent="plan",
        title=row.protocol.title,
        subject=reference("Patient", row.tumour.patient.public_id),
        period=told(start=row.anchor_on, end=row.ended_at),
        addresses=[reference("Condition", row.tumour.public_id)],
        supportingInfo=[reference("Procedure", row.anchor.public_id)],
        activity=[
            {"reference": reference("ServiceRequest", slot.public_id)} for slot in row.slots.all()
        ],
        note=notes(row.state_reason),
    )


def slot(row: Slot) -> Json:
    """One exam that is due. It is late once `occurrencePeriod` is over, and counts still until it
    lapses."""
    outcome = row.outcome
    return told(
        resourceType="ServiceRequest",
        id=row.public_id,
        extension=extensions(
            extension("slot-outcome", valueCode=outcome.replace("_", "-")),
            extension("due-on", valueDate=row.due_on),
            extension("lapses-on", valueDate=row.lapses_on),
            extension("number", valuePositiveInt=row.n),
            *(
                extension("missing-region", valueCodeableConcept=systems.region(region))
                for region in (row.missing if outcome == Outcome.PARTIALLY_SATISFIED else ())
            ),
        ),
        instantiatesCanonical=[protocols.canonical(row.schedule.protocol)],
        basedOn=[reference("CarePlan", row.schedule.public_id)],
        status=SLOT_STATUS.get(outcome) or TO_BE_DONE_STATUS[row.schedule.state],
        intent="plan",
        code=systems.exam(row.exam, row.modality),
        subject=reference("Patient", row.patient.public_id),
        occurrencePeriod=told(start=row.earliest_on, end=row.latest_on),
        reasonReference=[reference("Condition", row.schedule.tumour.public_id)],
        bodySite=list(map(systems.region, row.regions)),
        note=notes(row.outcome_reason),
    )


def booking(row: Booking) -> Json:
    zone = row.slot.patient.clinic.zone
    return told(
        resourceType="Appointment",
        id=row.public_id,
        extension=extensions(
            extension(
                "replaces",
                valueReference=row.replaces and reference("Appointment", row.replaces.public_id),
            ),
            extension("outside-window-reason", valueString=row.outside_window_reason),
            extension("study", valueOid=f"urn:oid:{row.study_uid}"),
        ),
        identifier=[{"system": systems.ACCESSION, "value": row.accession}],
        status=APPOINTMENT_STATUS[row.state],
        description=row.slot.exam,
        start=row.starts_at.astimezone(zone),
        end=row.ends_at.astimezone(zone),
        minutesDuration=row.minutes,
        created=row.booked_at.astimezone(zone),
        comment=row.broken_off_because,
        basedOn=[reference("ServiceRequest", row.slot.public_id)],
        participant=[
            {
                "actor": reference("Patient", row.slot.patient.public_id),
                "status": "accepted",
            },
            {
                "actor": told(type="Device", display=row.scanner.name),
                "status": "accepted",
            },
        ],
    )


def chase(row: Review) -> Json:
    """A decision to chase a patient; `became` is annotated, for it follows from other rows."""
    slot = row.slot
    return told(
        resourceType="Task",
        id=row.public_id,
        basedOn=[reference("ServiceRequest", slot.public_id)],
        status=row.became,  # type: ignore[attr-defined]
        intent="order",
        code=concept(own("task", "chase", "Chase the patient")),
        focus=reference("ServiceRequest", slot.public_id),
        for_=reference("Patient", slot.patient.public_id),
        authoredOn=row.at.astimezone(slot.patient.clinic.zone),
        requester={"type": "Practitioner", "display": str(row.by)},
        note=notes(row.reason),
    )
