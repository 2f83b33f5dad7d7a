"""A clinic's administrators are told at once when one of its patients is opened from elsewhere."""

from datetime import datetime
from functools import partial

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from patients.models import EmergencyAccess
from reminders.alarms import administrators, mail


def tell_of_emergencies(at: datetime) -> None:
    """Mail the accesses that nobody has been told of, each once, at any hour; the page lists them.

    Without an answer from the mail server they wait for the next time.
    """
    untold = EmergencyAccess.objects.filter(told_at=None, patient__isnull=False)
    for pk in list(untold.order_by("at").values_list("pk", flat=True)):
        with transaction.atomic():
            # Locked until it is told: another sweep at this moment leaves it to us.
            ours = untold.filter(pk=pk).select_for_update(skip_locked=True, of=("self",))
            access = ours.select_related("patient__clinic", "by").first()
            if not access:
                continue
            assert access.patient is not None
            told = mail(
                administrators(access.patient.clinic),
                key=access.public_id,
                write=partial(_letter, access),
            )
            if told:
                access.told_at = at
                access.save(update_fields=["told_at"])


def _letter(access: EmergencyAccess) -> tuple[str, str]:
    """Return a mail's subject and text. The patient and the reason stand on the page."""
    assert access.patient is not None
    clinic = access.patient.clinic
    told = {
        "person": access.by,
        "clinic": clinic,
        "time": date_format(localtime(access.at, clinic.zone), "DATETIME_FORMAT"),
        "until": date_format(localtime(access.until, clinic.zone), "DATETIME_FORMAT"),
    }
    subject = _("%(clinic)s: a patient was opened in an emergency") % told
    text = _(
        "On %(time)s %(person)s, of another clinic, opened the record of a patient of "
        "%(clinic)s for an emergency, to read it until %(until)s. Whom and why stands "
        "here; please take note of it."
    )
    return subject, f"{text % told}\n\n{settings.SITE_URL}{reverse('emergencies')}\n"
