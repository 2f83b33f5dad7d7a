"""One lock per patient, which every action takes that changes what stands there."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from patients.models import Patient


def lock(patient: Patient) -> Patient:
    """Lock a patient's row until the transaction ends, and return it as it now is.

    Of two people at once the second sees what the first did. Rows that only name the patient, such
    as a treatment or a notice of the sweep, are not held up.
    """
    patients = Patient.objects.select_for_update(of=("self",), no_key=True)
    return patients.select_related("clinic").get(pk=patient.pk)


def lock_alive(patient: Patient) -> Patient:
    """Lock a patient whom there is something to plan for.

    Raises:
        ValidationError: the patient has died.
    """
    patient = lock(patient)
    if patient.died_on:
        raise ValidationError(_("The patient has died."))
    return patient
