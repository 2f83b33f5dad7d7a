"""Modality performed procedure steps (DICOM PS3.4, annex F): what is asked, and the answer."""

import re
from dataclasses import dataclass

from pydicom.dataset import Dataset

from imaging.models import Step
from imaging.server.callers import Caller
from imaging.server.keys import item, text
from imaging.steps import Over, Performed, Repeated, begin_step, end_step
from schedules.models.study import made_up_study_uid

_UID = re.compile(r"(?=.{1,64}$)[0-9]+(\.[0-9]+)*")
_PRINTED = re.compile(r"[\x00-\x1f\x7f]")
_ENDS = {"COMPLETED": True, "DISCONTINUED": False}


@dataclass
class Failed(Exception):
    """A status of PS3.7, annex C, and why, in at most 64 letters."""

    status: int
    why: str

    def said(self) -> Dataset:
        said = Dataset()
        said.Status, said.ErrorComment = self.status, self.why
        return said


def create(caller: Caller, sop_uid: str | None, told: Dataset) -> Dataset:
    """Keep a step that began, and return the UID by which it is known.

    Raises:
        Failed: it cannot be kept.
    """
    if caller.clinic is None:
        raise Failed(0x0124, "Only a clinic's peers have steps")
    if text(told, "PerformedProcedureStepStatus") != "IN PROGRESS":
        raise Failed(0x0106, "A step begins IN PROGRESS")
    order = item(told, "ScheduledStepAttributesSequence")
    if not order:
        raise Failed(0x0120, "ScheduledStepAttributesSequence is missing")
    performed = Performed(
        sop_uid=_uid(sop_uid or made_up_study_uid(), "SOPInstanceUID"),
        study_uid=_uid(text(order, "StudyInstanceUID"), "StudyInstanceUID"),
        accession=_short(text(order, "AccessionNumber")),
        patient_id=text(told, "PatientID"),
        issuer=text(told, "IssuerOfPatientID"),
        station=_short(text(told, "PerformedStationAETitle") or caller.ae_title),
    )
    try:
        begin_step(clinic=caller.clinic, performed=performed, by=caller.ae_title)
    except Repeated as repeated:
        raise Failed(0x0111, "This step is known already") from repeated
    answer = Dataset()
    answer.AffectedSOPInstanceUID = performed.sop_uid
    return answer


def change(caller: Caller, sop_uid: str | None, told: Dataset) -> None:
    """Keep what became of a step.

    Raises:
        Failed: it is none of the clinic's, or has ended.
    """
    step = Step.objects.filter(clinic=caller.clinic, sop_uid=sop_uid or "").first()
    if step is None:
        raise Failed(0x0112, "No such step")
    if step.ended_at:
        raise _over()
    status = text(told, "PerformedProcedureStepStatus") or "IN PROGRESS"
    if status == "IN PROGRESS":
        return
    if status not in _ENDS:
        raise Failed(0x0106, "Neither IN PROGRESS, COMPLETED nor DISCONTINUED")
    reason = item(told, "PerformedProcedureStepDiscontinuationReasonCodeSequence")
    try:
        end_step(
            step=step,
            completed=_ENDS[status],
            because=_PRINTED.sub(" ", text(reason, "CodeMeaning"))[:200],
            by=caller.ae_title,
        )
    except Over as over:
        raise _over() from over


def _over() -> Failed:
    return Failed(0x0110, "Performed Procedure Step may no longer be updated")


def _uid(said: str, what: str) -> str:
    if not said:
        raise Failed(0x0121, f"{what} is missing")
    if not _UID.fullmatch(said):
        raise Failed(0x0106, f"{what} is no UID")
    return said


def _short(said: str) -> str:
    """Return what can be compared with a number that was given out; another is none of them."""
    return _PRINTED.sub("?", said)[:16]
