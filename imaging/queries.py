"""What was received, where it belongs, and what of it waits for somebody."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from imaging.headers.header import Identity
from imaging.models import Received
from patients.models import Clinic, Patient


def clinic_for(identity: Identity) -> Clinic | None:
    """Return the clinic to which images belong that came with no word of it; none if in doubt.

    It is the one that issues such record numbers; else the one where such a patient is known; else
    the only one there is.
    """
    of_patient = Clinic.objects.filter(
        patients__in=Patient.objects.filter(
            mrn=identity.patient_id,
            **({"mrn_issuer": identity.issuer} if identity.issuer else {}),
        )
    ).distinct()
    of_issuer = Clinic.objects.filter(mrn_issuer=identity.issuer or None)
    for candidates in (of_issuer, of_patient, Clinic.objects.all()):
        if only := _only(candidates):
            return only
    return None


def _only(clinics: QuerySet[Clinic]) -> Clinic | None:
    found = clinics[:2]
    return found[0] if len(found) == 1 else None


def received_of(clinics: Iterable[Clinic]) -> QuerySet[Received]:
    return Received.objects.filter(clinic__in=clinics).select_related(
        "clinic", "study__patient__clinic", "filed_by", "set_aside_by"
    )


def undecided(clinics: Iterable[Clinic]) -> QuerySet[Received]:
    """Return what has settled and waits for somebody: not filed, or grown by what does not fit."""
    return received_of(clinics).filter(
        Q(study=None, set_aside_because="") | Q(study__isnull=False, judged_at=None),
        settled_at__isnull=False,
    )
