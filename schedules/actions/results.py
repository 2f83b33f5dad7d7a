"""What studies showed: recorded, corrected, and seen by a clinician."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from patients.actions import add_finding, withdraw_finding
from patients.locks import lock
from patients.models import Finding, FindingKind, Patient, Tumour
from schedules.actions.slots import count_studies
from schedules.models import Correction, Result, ResultOutcome, Study
from surveillance.accounts.models import User
from surveillance.audit.actions import record
from surveillance.audit.queries import who_last


@transaction.atomic
def record_result(
    *,
    study: Study,
    outcome: ResultOutcome,
    by: User,
    sites: Sequence[str] = (),
    comment: str = "",
    finding: FindingKind | None = None,
    tumour: Tumour | None = None,
    at: datetime | None = None,
) -> Result:
    """Record what a study showed. Images reported as inadequate no longer count for a slot.

    A new lesion is entered in the history of `tumour` as a `finding`, found on the study's day;
    one that stands there already is not entered again.

    Raises:
        ValidationError: the study has a result already, a new lesion without a site, a finding or a
            tumour of the patient, a site without disease or that is too long, or a finding without
            a new lesion.
    """
    patient = lock(study.patient)
    if known := Result.objects.filter(study=study).first():
        raise ValidationError(
            _("%(person)s has recorded a result already: %(result)s. It can be corrected.")
            % {"person": _who_said(known), "result": known}
        )
    result = Result(study=study)
    _say(result, outcome, sites, comment, finding, tumour, by, at)
    record(
        act="result.recorded",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=study.public_id,
        outcome=outcome,
        sites=list(sites),
    )
    return result


@transaction.atomic
def correct_result(
    *,
    result: Result,
    outcome: ResultOutcome,
    reason: str,
    by: User,
    sites: Sequence[str] = (),
    comment: str = "",
    finding: FindingKind | None = None,
    tumour: Tumour | None = None,
    withdraws: bool | None = None,
    seen: str | None = None,
    at: datetime | None = None,
) -> Result:
    """Let a result say what it should have said, for a `reason`; what it said before is kept.

    It waits anew for a clinician, whoever had reviewed it. Where it tells no longer of the finding
    that it told of, `withdraws` says whether that was never there, or stays in the history; it
    stays unasked if another result tells of it too. `seen` is the result's `mark` when it was
    looked at; without it nobody asks.

    Raises:
        ValidationError: somebody has changed it meanwhile, nothing would change, there is no
            reason, nobody says what becomes of the finding, or as for `record_result`.
    """
    patient = lock(result.study.patient)
    result.refresh_from_db()
    _check_unchanged(result, seen)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why the result is corrected.")})
    told_of, before = result.told_of, Correction(result=result, reason=reason.strip(), by=by)
    before.outcome, before.sites, before.comment = result.outcome, result.sites, result.comment
    before.at, reviewer, finding_before = at or timezone.now(), result.reviewed_by, result.finding
    _say(result, outcome, sites, comment, finding, tumour, by, at)
    if before.says_the_same and told_of == result.told_of:
        raise ValidationError(_("Nothing is corrected: the result says all of this already."))
    if told_of and told_of != result.told_of:
        settle_finding(told_of, withdraws, reason, by, at)
    before.full_clean()
    before.save()
    record(
        act="result.corrected",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=result.study.public_id,
        outcome=outcome,
        sites=list(sites),
        reason=before.reason,
        before={
            "outcome": before.outcome,
            "sites": before.sites,
            "comment": before.comment,
            "finding": finding_before.public_id if finding_before else None,
            "reviewed_by": reviewer.username if reviewer else "",
        },
    )
    return result


@transaction.atomic
def review_result(
    *, result: Result, by: User, seen: str | None = None, at: datetime | None = None
) -> None:
    """Record that a clinician has seen a result. The first one counts.

    `seen` is its `mark` when it was looked at; without it nobody asks.

    Raises:
        ValidationError: it says something else by now, or somebody has reviewed it already.
    """
    patient = lock(result.study.patient)
    result.refresh_from_db()
    _check_unchanged(result, seen)
    if result.reviewed_by:
        raise ValidationError(
            _("%(person)s has reviewed this result already.") % {"person": result.reviewed_by}
        )
    result.reviewed_by, result.reviewed_at = by, at or timezone.now()
    result.save(update_fields=["reviewed_by", "reviewed_at"])
    record(
        act="result.reviewed",
        by=by,
        clinic_code=patient.clinic_code,
        patient=patient,
        study=result.study.public_id,
    )


def _say(
    result: Result,
    outcome: ResultOutcome,
    sites: Sequence[str],
    comment: str,
    finding: FindingKind | None,
    tumour: Tumour | None,
    by: User,
    at: datetime | None,
) -> None:
    """Store what a result says, and derive what follows. The patient is locked already."""
    if wrong := _wrong(result.study.patient, outcome, sites, finding, tumour):
        raise ValidationError(wrong)
    result.outcome, result.sites, result.comment = outcome, list(sites), comment
    result.recorded_at = at or timezone.now()
    result.reviewed_by = result.reviewed_at = None  # what it says now, nobody has seen yet
    result.finding = None
    if finding and tumour:
        result.finding = _found(result.study, finding, sites, tumour, by, at)
    result.full_clean()  # PostgreSQL would cut a site that is too long without a word
    result.save()
    count_studies(result.study.patient)


def _wrong(
    patient: Patient,
    outcome: ResultOutcome,
    sites: Sequence[str],
    finding: FindingKind | None,
    tumour: Tumour | None,
) -> dict[str, str]:
    """Return all that is wrong with a result, by field, so that nobody is sent back twice."""
    wrong = {}
    if outcome == ResultOutcome.NEW_LESION:
        if not sites:
            wrong["sites"] = _("Say where the new lesion is.")
        if not finding:
            wrong["finding"] = _("Say what the new lesion is.")
        if not patient.tumours.exists():
            wrong["tumour"] = _(
                "Enter the patient’s tumour first: a new lesion stands in its history."
            )
        elif tumour is None or tumour.patient_id != patient.pk:
            wrong["tumour"] = _("Say of which of the patient’s tumours.")
        return wrong
    if outcome == ResultOutcome.NO_DISEASE and sites:
        wrong["sites"] = _("Without disease there is no site.")
    if finding:
        wrong["finding"] = _("Only a new lesion is a finding.")
    return wrong


def _found(
    study: Study,
    kind: FindingKind,
    sites: Sequence[str],
    tumour: Tumour,
    by: User,
    at: datetime | None,
) -> Finding:
    """Return the finding that a new lesion is, entered in the history of its tumour if need be."""
    found: dict[str, Any] = {"kind": kind, "sites": list(sites), "found_on": study.performed_on}
    known = tumour.findings.filter(**found).first()
    return known or add_finding(tumour=tumour, found_by=study.modality, by=by, at=at, **found)


def settle_finding(
    finding: Finding, withdraws: bool | None, reason: str, by: User, at: datetime | None
) -> None:
    """Do with a finding what is said, now that the result that told of it does so no longer.

    Raises:
        ValidationError: no other result tells of it, and nobody says what becomes of it.
    """
    if Result.objects.filter(finding=finding).exists():
        return  # another study shows it too
    if withdraws is None:
        raise ValidationError(
            {
                "withdraws": _("Say what becomes of the finding “%(finding)s”.")
                % {"finding": finding}
            }
        )
    if withdraws:
        withdraw_finding(finding=finding, reason=reason, by=by, at=at)


def _check_unchanged(result: Result, seen: str | None) -> None:
    if seen is not None and seen != result.mark:
        raise ValidationError(
            _("%(person)s has changed this result meanwhile: %(result)s. Look at it again.")
            % {"person": _who_said(result), "result": result}
        )


def _who_said(result: Result) -> str:
    patient, study = result.study.patient, result.study.public_id
    acts = ("result.recorded", "result.corrected")
    return who_last(*acts, clinic_code=patient.clinic_code, patient=patient, study=study)
