"""Whether everything runs: health is proven by traffic, and what is wrong stands on top."""

from datetime import timedelta

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from imaging.traffic import traffic as dicom_traffic
from patients.access import UserRequest, allowed
from patients.models import Clinic
from patients.queries import clinics_where_may
from reminders.models import MessageState, Reconciliation
from reminders.queries import last_sweep, messages_of, open_alarms, open_holds
from reminders.traffic import told_by_hl7, traffic
from schedules.rules.wording import listed
from surveillance.accounts.roles import Act
from surveillance.audit.chain import is_late, latest_seal

SWEEP_IS_LATE_AFTER = timedelta(minutes=5)
COMPARISON_IS_LATE_AFTER = timedelta(hours=1)


@require_safe
@allowed(Act.SEE_STATUS)
def status(request: UserRequest, clinics: list[Clinic]) -> HttpResponse:
    """What ran, what the channels carry, and what is wrong, in the user's clinics. It names no
    patient."""
    now = timezone.now()
    sweep = last_sweep(now)
    compared = Reconciliation.objects.order_by("-started_at").first()
    holds = open_holds(clinics).annotate(
        waiting=Count("messages", filter=Q(messages__state=MessageState.HELD))
    )
    context = {
        "sweep": sweep,
        "took": sweep.seconds if sweep else None,
        "sweep_is_late": not sweep or sweep.started_at < now - SWEEP_IS_LATE_AFTER,
        "compared": compared,
        "comparison_is_late": not compared or compared.started_at < now - COMPARISON_IS_LATE_AFTER,
        "channels": list(traffic(clinics, now)),
        "failed": messages_of(clinics).filter(state=MessageState.FAILED).count(),
        "alarms": open_alarms(clinics),
        "sealed": latest_seal(),
        "seal_is_late": is_late(),
        "dicom": dicom_traffic(clinics, now),
        "told_by_hl7": list(told_by_hl7(clinics)),
        "holds": holds,
        "may_decide": list(clinics_where_may(request.user, Act.DECIDE_HOLD)),
        "clinics_in_words": listed(clinic.name for clinic in clinics),
    }
    return render(request, "surveillance/status.html", context)
