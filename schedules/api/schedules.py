"""Schedules: started, looked at, replaced, rested and ended."""

from datetime import date
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from patients.api.history import treatments_of, tumours_of
from patients.api.scoped import OneOf, Retrieves, changes, creates
from patients.models import Treatment
from schedules import actions
from schedules.actions.schedules import anchor_day
from schedules.api.protocols import ActiveProtocol
from schedules.api.replans import ReplanSerializer
from schedules.models import EndReason, Protocol, Schedule, ScheduleState, Suspension
from schedules.queries import schedules_of
from schedules.replanning import Replan, replanned, succeeded
from schedules.rules.plan import Pause
from surveillance.accounts.roles import Act
from surveillance.api.parsing import Choice, Told
from surveillance.api.showing import Shown

SHOWN = "The mark of what would change, as `what-if` told it."


class SuspensionSerializer(Shown[Suspension]):
    by = serializers.CharField()

    class Meta:
        model = Suspension
        fields = ["from_on", "review_on", "reason", "by"]
        read_only_fields = fields


class ScheduleSerializer(Shown[Schedule]):
    id = serializers.UUIDField(source="public_id")
    clinic = serializers.SlugField(source="tumour.patient.clinic.code")
    patient = serializers.UUIDField(source="tumour.patient.public_id")
    tumour = serializers.UUIDField(source="tumour.public_id")
    protocol = serializers.SlugField(source="protocol.code")
    protocol_version = serializers.IntegerField(source="protocol.version")
    anchor = serializers.UUIDField(source="anchor.public_id", help_text="An operation.")
    suspension = serializers.SerializerMethodField(help_text="That it rests by now.")
    replaces = serializers.UUIDField(source="replaces.public_id", allow_null=True)
    replaced_by = serializers.UUIDField(source="replaced_by.public_id", allow_null=True)

    class Meta:
        model = Schedule
        fields = [
            "id",
            "clinic",
            "patient",
            "tumour",
            "protocol",
            "protocol_version",
            "anchor",
            "anchor_on",
            "state",
            "state_reason",
            "end_reason",
            "suspension",
            "planned_since",
            "replaces",
            "replaced_by",
            "ended_at",
        ]
        read_only_fields = fields

    @extend_schema_field(SuspensionSerializer(allow_null=True))
    def get_suspension(self, schedule: Schedule) -> Any:
        for one in schedule.suspensions.all():
            if one.ended_on is None:
                return SuspensionSerializer(one).data
        return None


class EnrolmentSerializer(Told):
    tumour = OneOf(tumours_of)
    protocol = ActiveProtocol(help_text="The code of an active protocol.")
    anchor = OneOf(treatments_of, help_text="The operation that month 0 counts from.")


class WhatIfSerializer(Told):
    """One change that is asked about."""

    anchor = OneOf(treatments_of, required=False, help_text="A later operation as the new anchor.")
    protocol = ActiveProtocol(required=False, help_text="Another protocol, or its newer version.")
    review_on = serializers.DateField(required=False, help_text="A rest until this day.")
    resume = serializers.BooleanField(required=False, help_text="The end of the rest.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1 or attrs.get("resume") is False:
            raise serializers.ValidationError(
                _("Ask about one change: anchor, protocol, review_on or resume.")
            )
        return attrs


class RebaselineSerializer(Told):
    anchor = OneOf(treatments_of, help_text="A later operation.")
    shown = serializers.CharField(max_length=64, help_text=SHOWN)


class ChangeProtocolSerializer(Told):
    protocol = ActiveProtocol(help_text="The code of an active protocol.")
    shown = serializers.CharField(max_length=64, help_text=SHOWN)


class SuspendSerializer(Told):
    reason = serializers.CharField(max_length=300)
    review_on = serializers.DateField(help_text="On this day it comes back on the list.")
    shown = serializers.CharField(max_length=64, help_text=SHOWN)


class ResumeSerializer(Told):
    shown = serializers.CharField(max_length=64, help_text=SHOWN)


class EndSerializer(Told):
    end_reason = Choice(EndReason)
    explanation = serializers.CharField(max_length=300, required=False, allow_blank=True)


class DeclineSerializer(Told):
    anchor = OneOf(treatments_of, help_text="The operation that does not restart the clock.")
    reason = serializers.CharField(max_length=300)


class ScheduleFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter("tumour__patient__clinic__code")
    patient = django_filters.UUIDFilter("tumour__patient__public_id")
    tumour = django_filters.UUIDFilter("tumour__public_id")
    protocol = django_filters.CharFilter("protocol__code")
    state = django_filters.ChoiceFilter(choices=ScheduleState.choices)


class ScheduleViewSet(ListModelMixin, Retrieves[Schedule]):
    """Follow-ups: one tumour on one version of a protocol from one operation."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.PLAN,
        "what_if": Act.PLAN,
        "rebaseline": Act.PLAN,
        "change_protocol": Act.PLAN,
        "suspend": Act.PLAN,
        "resume": Act.PLAN,
        "end": Act.PLAN,
        "decline_anchor": Act.PLAN,
    }
    only_reads = ("what_if",)
    page = "API: schedules"
    patient_path = "tumour.patient"
    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilter

    def get_queryset(self) -> QuerySet[Schedule]:
        resting = Suspension.objects.filter(ended_on=None).select_related("by")
        return (
            schedules_of(self.clinics)
            .select_related("replaces", "replaced_by")
            .prefetch_related(Prefetch("suspensions", resting))
        )

    @creates(EnrolmentSerializer, ScheduleSerializer)
    def create(self, **told: Any) -> Schedule:
        """Put a patient under surveillance of a tumour."""
        return actions.enrol(by=self.user, **told)

    @extend_schema(request=WhatIfSerializer, responses=ReplanSerializer)
    @action(detail=True, methods=["post"], url_path="what-if")
    def what_if(self, request: Request, public_id: UUID) -> Response:
        """Return what a change would do, slot by slot. It changes nothing."""
        schedule = self.get_object()
        replan = _asked(schedule, **self.told(WhatIfSerializer))
        self.see([schedule])
        return Response(ReplanSerializer(replan).data)

    @changes(RebaselineSerializer)
    def rebaseline(self, schedule: Schedule, **told: Any) -> Schedule:
        """Start a new series from a later operation; the answer is its schedule."""
        return self._anew(actions.rebaseline(schedule=schedule, by=self.user, **told))

    @changes(ChangeProtocolSerializer)
    def change_protocol(self, schedule: Schedule, **told: Any) -> Schedule:
        """Go on by another protocol; the answer is the new schedule."""
        return self._anew(actions.change_protocol(schedule=schedule, by=self.user, **told))

    @changes(SuspendSerializer)
    def suspend(self, schedule: Schedule, **told: Any) -> None:
        """Let it rest until a day of review. Appointments stay."""
        actions.suspend(schedule=schedule, by=self.user, **told)

    @changes(ResumeSerializer)
    def resume(self, schedule: Schedule, **told: Any) -> None:
        """Take it up again; slots that lapsed while it rested are withdrawn."""
        actions.resume(schedule=schedule, by=self.user, **told)

    @changes(EndSerializer)
    def end(self, schedule: Schedule, **told: Any) -> None:
        """End it for good. A death is recorded with the patient."""
        actions.end(schedule=schedule, by=self.user, **told)

    @changes(DeclineSerializer)
    def decline_anchor(self, schedule: Schedule, anchor: Treatment, reason: str) -> None:
        """Decide that an operation does not restart the clock."""
        actions.decline_anchor(schedule=schedule, treatment=anchor, reason=reason, by=self.user)

    def _anew(self, schedule: Schedule) -> Schedule:
        return self.get_queryset().get(pk=schedule.pk)


def _asked(
    schedule: Schedule,
    *,
    anchor: Treatment | None = None,
    protocol: Protocol | None = None,
    review_on: date | None = None,
    resume: bool = False,
) -> Replan:
    """Ask as the action will that does it."""
    today = schedule.tumour.patient.clinic.today()
    if anchor:
        return succeeded(schedule, schedule.protocol, anchor_day(schedule.tumour, anchor))
    if protocol:
        return succeeded(schedule, protocol, schedule.anchor_on, since=today)
    if review_on:
        return replanned(schedule, rest=Pause(today, review_on))
    return replanned(schedule, resumed_on=today)
