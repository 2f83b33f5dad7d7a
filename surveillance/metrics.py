"""Numbers for a monitor, in Prometheus' form. They name no patient."""

from collections.abc import Iterator
from datetime import timedelta
from math import inf

from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Min, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from imaging.traffic import is_silent
from patients.models import Clinic
from patients.queries import clinic_days
from patients.safety import Gap
from reminders.models import Alarm, AlarmKind, Message, MessageState, Reconciliation, Sweep
from reminders.queries import last_sweep
from schedules.models import Job
from surveillance import requests_counted
from surveillance.safety_net import fallen_through


class SafetyNet(Collector):
    """How many have fallen through, by reason, asked of the database at each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gaps = fallen_through(clinic_days(Clinic.objects.all()))
        yield _counted(
            "surveillance_safety_net",
            "Patients whom nobody has in hand.",
            "reason",
            {gap.value: len(gaps.get(gap, [])) for gap in Gap},
        )


class Running(Collector):
    """Whether what tells people of it all runs. What was sent is history, and not counted."""

    STATES = (MessageState.QUEUED, MessageState.HELD, MessageState.FAILED)
    OUTCOMES = ("sent", "retrying", "failed")

    def collect(self) -> Iterator[GaugeMetricFamily]:
        now = timezone.now()
        last = last_sweep(now)
        yield GaugeMetricFamily(
            "surveillance_last_sweep_age_seconds",
            "Since the last sweep began; +Inf if none has.",
            value=(now - last.started_at).total_seconds() if last else inf,
        )
        compared = Reconciliation.objects.order_by("-started_at").first()
        yield GaugeMetricFamily(
            "surveillance_last_comparison_age_seconds",
            "Since what should have been said was last compared with what was; +Inf if never.",
            value=(now - compared.started_at).total_seconds() if compared else inf,
        )
        oldest = Message.objects.filter(
            state__in=[MessageState.QUEUED, MessageState.SENDING]
        ).aggregate(first=Min("queued_at"))["first"]
        yield GaugeMetricFamily(
            "surveillance_oldest_unsent_message_age_seconds",
            "Since the message was written that waits longest; 0 if none waits.",
            value=(now - oldest).total_seconds() if oldest else 0,
        )
        unfinished = Job.objects.filter(state__in=Job.UNFINISHED)
        asked = unfinished.aggregate(first=Min("made_at"))["first"]
        yield GaugeMetricFamily(
            "surveillance_oldest_unfinished_job_age_seconds",
            "Since somebody asked for the job that waits or runs longest; 0 if none does.",
            value=(now - asked).total_seconds() if asked else 0,
        )
        lately = Sweep.objects.filter(started_at__gt=now - timedelta(hours=1))
        yield _counted(
            "surveillance_deliveries_last_hour",
            "What became of mails and SMS that the sweeps of the last hour tried to send.",
            "outcome",
            lately.aggregate(**{name: Sum(name, default=0) for name in self.OUTCOMES}),
        )
        yield GaugeMetricFamily(
            "surveillance_dicom_silent",
            "1 if the DICOM server no longer answers itself, while some clinic has peers.",
            value=is_silent(now),
        )
        yield _counted(
            "surveillance_messages",
            "Messages that have not reached anybody.",
            "state",
            {state.value: Message.objects.filter(state=state).count() for state in self.STATES},
        )
        alarms = Alarm.objects.filter(ended_at=None).values_list("kind").annotate(Count("pk"))
        yield _counted(
            "surveillance_alarms",
            "Open alarms.",
            "kind",
            dict.fromkeys(AlarmKind.values, 0) | dict(alarms),
        )


def _counted(name: str, says: str, label: str, counts: dict[str, int]) -> GaugeMetricFamily:
    gauge = GaugeMetricFamily(name, says, labels=[label])
    for value, count in counts.items():
        gauge.add_metric([value], count)
    return gauge


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry()
    registry.register(SafetyNet())
    registry.register(Running())
    requests_counted.register_in(registry)
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
