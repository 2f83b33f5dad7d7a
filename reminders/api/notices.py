"""What people are told of, and their answer to an alert."""

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from patients.api.scoped import Retrieves, changes
from reminders import actions, queries
from reminders.models import Audience, Kind, Notice, Watch
from reminders.wording import subject_in_words
from surveillance.accounts.roles import Act
from surveillance.api.filters import Flag


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")
    kind = serializers.ChoiceField(Kind.choices, source="rule.kind")
    audience = serializers.ChoiceField(Audience.choices, source="rule.audience")
    what = serializers.SerializerMethodField()
    slot = serializers.UUIDField(source="slot.public_id", default=None, allow_null=True)
    booking = serializers.UUIDField(source="booking.public_id", default=None, allow_null=True)
    result = serializers.UUIDField(source="result.study.public_id", default=None, allow_null=True)
    why_ended = serializers.CharField()
    acknowledged_by = serializers.StringRelatedField[Notice](allow_null=True)

    class Meta:
        model = Notice
        fields = [
            "id",
            "patient",
            "kind",
            "is_alert",
            "audience",
            "what",
            "slot",
            "booking",
            "result",
            "since",
            "raised_at",
            "ended_at",
            "why_ended",
            "acknowledged_by",
        ]
        read_only_fields = fields

    def get_what(self, notice: Notice) -> str:
        return subject_in_words(notice)


class NoticeFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter("patient__clinic__code")
    patient = django_filters.UUIDFilter("patient__public_id")
    kind = django_filters.ChoiceFilter("rule__kind", choices=Kind.choices)
    is_open = Flag("ended_at", lookup_expr="isnull")

    class Meta:
        model = Notice
        fields: list[str] = []


class NoticeViewSet(ListModelMixin, Retrieves[Notice]):
    """Reminders and alerts: what a clinic's rules say of an exam, an appointment or a result."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "inbox": Act.SEE_PATIENTS,
        "acknowledge": Act.ACKNOWLEDGE,
    }
    only_reads = ("inbox",)
    page = "API: notices"
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter

    def get_queryset(self) -> QuerySet[Notice]:
        return queries.notices_of(self.clinics).select_related("acknowledged_by")

    def lock(self, row: Notice) -> None:
        Watch.objects.select_for_update().filter(patient=row.patient).first()

    @extend_schema(responses=NoticeSerializer(many=True))
    @action(detail=False, filterset_class=None)
    def inbox(self, request: Request) -> Response:
        """What is open and addressed to whoever asks."""
        rows = self.paginate_queryset(queries.inbox(self.user, self.clinics))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @changes()
    def acknowledge(self, notice: Notice) -> None:
        """Take an alert in hand: it and what else is open of the same thing ends."""
        actions.acknowledge(notice=notice, by=self.user)
