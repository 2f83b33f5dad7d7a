"""What becomes of what was received: settled, filed, taken back, set aside.

Each is one transaction that first locks the received study and then the patient, so that of two at
once the second sees what the first did. What it refuses it refuses with a `ValidationError`.
"""

from collections.abc import Sequence
from datetime import date, datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from imaging.arranging import give_meaning
from imaging.judging import Judgement, judge
from imaging.models import FiledBy, Received
from patients.models import Patient
from schedules.actions import record_study, withdraw_study
from schedules.models import Study
from surveillance.accounts.models import User
from surveillance.audit.actions import record

PROGRAM = "DICOM"


@transaction.atomic
def settle(*, received: Received, at: datetime | None = None, by: User | str = PROGRAM) -> Received:
    """Take a study to be complete, and file it if nothing about it is in doubt.

    One that is filed and has grown gains the regions that are sure; what does not fit what it was
    filed as waits for somebody.
    """
    received, at = _locked(received), at or timezone.now()
    [judgement] = judge([received])
    if received.study is None:
        received = _filed_if_sure(judgement, by, at)
        received.judged_at = at
    elif judgement.fits_what_it_was_filed_as:
        if judgement.coverage.sure:
            _add(received.study, judgement.coverage.regions, by, at)
        received.judged_at = at
    received.settled_at = received.settled_at or at
    received.save()
    return received


def _filed_if_sure(judgement: Judgement, by: User | str, at: datetime) -> Received:
    """Return what was received, filed if nobody has to be asked and nobody decided otherwise."""
    received, patient, on = judgement.received, judgement.patient, judgement.performed_on
    decided = received.set_aside_because or received.taken_back_because
    if judgement.is_sure and patient and on and not decided:
        way = FiledBy(str(judgement.match.way))
        try:
            with transaction.atomic():
                _file(judgement, patient, judgement.coverage.regions, on, way, by, at)
        except ValidationError:  # a day to come, or before birth: somebody has to look
            return _locked(received)
    return received


@transaction.atomic
def file_study(
    *,
    received: Received,
    patient: Patient,
    regions: Sequence[str],
    by: User,
    performed_on: date | None = None,
    despite: str = "",
    remember: str = "",
    at: datetime | None = None,
) -> Study:
    """File a study for the patient to whom somebody says it belongs.

    The day is that of the images; `performed_on` is for images that tell none. Where anything
    speaks against the patient, `despite` is why it is theirs all the same. `remember` is a text of
    the images that shall mean these regions from now on.

    Raises:
        ValidationError: somebody has filed it or set it aside meanwhile, the patient is of another
            clinic or somebody else by the images and no reason is given, nobody knows the day, no
            image has the text to remember, or as for `record_study`.
    """
    received, at = _locked(received), at or timezone.now()
    _check_waiting(received)
    if patient.clinic_id != received.clinic_id:
        raise ValidationError({"patient": _("This patient is followed by another clinic.")})
    [judgement] = judge([received])
    if judgement.objects_to(patient) and not despite.strip():
        raise ValidationError(
            {"despite": _("The images speak against this patient: say why they are theirs.")}
        )
    on = judgement.performed_on or performed_on
    if on is None:
        raise ValidationError({"performed_on": _("The images tell no day: say which it was.")})
    is_proposed = judgement.patient is not None and judgement.patient.pk == patient.pk
    way = FiledBy(str(judgement.match.way)) if is_proposed else FiledBy.PERSON
    if not judgement.coverage.sure or set(regions) != set(judgement.coverage.regions):
        way = FiledBy.PERSON  # its regions are what somebody saw
    if remember and remember not in judgement.texts:
        raise ValidationError({"remember": _("No image has this text.")})
    if remember:
        give_meaning(clinic=received.clinic, text=remember, regions=regions, by=by, at=at)
    study = _file(judgement, patient, regions, on, way, by, at, despite.strip())
    received.settled_at, received.judged_at = received.settled_at or at, at
    received.save()
    return study


@transaction.atomic
def keep_as_filed(
    *, received: Received, regions: Sequence[str], by: User, at: datetime | None = None
) -> None:
    """Say of a filed study that has grown that it stands, with what `regions` it has gained.

    Raises:
        ValidationError: somebody has decided meanwhile, or has taken it back.
    """
    received, at = _locked(received), at or timezone.now()
    if received.study is None or received.judged_at:
        raise ValidationError(_("Somebody else has decided on these images meanwhile."))
    _add(received.study, regions, by, at)
    received.settled_at, received.judged_at = received.settled_at or at, at
    received.save()
    _record("images.kept_as_filed", received, by, received.study, regions=list(regions))


@transaction.atomic
def take_back(
    *,
    received: Received,
    reason: str,
    by: User,
    withdraws: bool | None = None,
    at: datetime | None = None,
) -> None:
    """Let a filed study be nobody's again: what came of it counts no more (`withdraw_study`).

    Of a study that somebody had recorded before the images came, that much stays. The images wait
    on the list for whose they are, and only people file them from now on.

    Raises:
        ValidationError: it is not filed any more, or as for `withdraw_study`.
    """
    received = _locked(received)
    study = received.study
    if study is None:
        raise ValidationError(_("Somebody else has taken these images back already."))
    withdraw_study(
        study=study,
        reason=reason,
        by=by,
        withdraws=withdraws,
        leaves=received.known_before,
        at=at,
    )
    received.study, received.way, received.known_before = None, "", []
    received.filed_by = received.filed_at = None
    received.taken_back_because = reason.strip()
    received.save()
    _record("images.taken_back", received, by, study, reason=reason.strip())


@transaction.atomic
def set_aside(*, received: Received, reason: str, by: User, at: datetime | None = None) -> None:
    """Decide that a study is nobody's whom the clinic follows, or need not be filed.

    Raises:
        ValidationError: it is filed or set aside already, or no reason is given.
    """
    received = _locked(received)
    _check_waiting(received)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why these images are set aside.")})
    received.set_aside_because, received.set_aside_by = reason.strip(), by
    received.set_aside_at = at or timezone.now()
    received.save()
    _record("images.set_aside", received, by, reason=reason.strip())


@transaction.atomic
def bring_back(*, received: Received, by: User) -> None:
    """Put a study that was set aside on the list again.

    Raises:
        ValidationError: it is not set aside.
    """
    received = _locked(received)
    if not received.set_aside_because:
        raise ValidationError(_("These images are not set aside any more."))
    reason = received.set_aside_because
    received.set_aside_because, received.set_aside_by, received.set_aside_at = "", None, None
    received.save()
    _record("images.brought_back", received, by, reason=reason)


def _locked(received: Received) -> Received:
    # Without its study beside it: that would be the one of before somebody else filed it.
    return Received.objects.select_for_update().get(pk=received.pk)


def _check_waiting(received: Received) -> None:
    if received.study:
        raise ValidationError(
            _("%(person)s has filed these images already.")
            % {"person": received.filed_by or PROGRAM}
        )
    if received.set_aside_by:
        raise ValidationError(
            _("%(person)s has set these images aside: %(reason)s")
            % {"person": received.set_aside_by, "reason": received.set_aside_because}
        )


def _file(
    judgement: Judgement,
    patient: Patient,
    regions: Sequence[str],
    on: date,
    way: FiledBy,
    by: User | str,
    at: datetime,
    despite: str = "",
) -> Study:
    """Record the study, and that it is what was received. The received row is locked already."""
    received = judgement.received
    known = Study.objects.filter(patient=patient, study_uid=received.study_uid).first()
    received.known_before = known.regions if known else []
    study = record_study(
        patient=patient,
        modality=judgement.modality,
        performed_on=on,
        regions=regions,
        by=by,
        study_uid=received.study_uid,
        description=judgement.description,
        at=at,
    )
    received.study, received.way, received.filed_at = study, way, at
    received.filed_by = by if isinstance(by, User) else None
    _record(
        "images.filed",
        received,
        by,
        study,
        way=way,
        regions=list(regions),
        evidence=[f"{one.source}: {one.words}" for one in judgement.coverage.evidence],
        despite=despite,
    )
    return study


def _add(study: Study, regions: Sequence[str], by: User | str, at: datetime) -> None:
    if set(regions) - set(study.regions):
        record_study(
            patient=study.patient,
            modality=study.modality,
            performed_on=study.performed_on,
            regions=regions,
            by=by,
            study_uid=study.study_uid,
            at=at,
        )


def _record(
    act: str, received: Received, by: User | str, study: Study | None = None, **detail: object
) -> None:
    record(
        act=act,
        by=by,
        clinic_code=received.clinic.code,
        patient=study.patient if study else None,
        received=received.public_id,
        study=study.public_id if study else None,
        **detail,
    )
