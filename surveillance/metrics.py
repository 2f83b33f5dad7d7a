"""Numbers for a monitor, in Prometheus' form. They name no patient."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from patients.models import Clinic
from patients.queries import clinic_days
from patients.safety import Gap
from surveillance.safety_net import fallen_through


class SafetyNet(Collector):
    """How many have fallen through, by reason, asked of the database at each scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        gaps = fallen_through(clinic_days(Clinic.objects.all()))
        gauge = GaugeMetricFamily(
            "surveillance_safety_net", "Patients whom nobody has in hand.", labels=["reason"]
        )
        for gap in Gap:
            gauge.add_metric([gap.value], len(gaps.get(gap, [])))
        yield gauge


@require_safe
@login_not_required
def metrics(request: HttpRequest) -> HttpResponse:
    registry = CollectorRegistry()
    registry.register(SafetyNet())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
