"""What must be done today, by list: the same rows as on the pages, in the same order."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from patients.api.paging import Whole
from patients.api.scoped import Scoped
from patients.paging import By
from schedules import overdue, queries, to_book
from schedules.anchors import proposals
from schedules.api.bookings import BookingSerializer
from schedules.api.patients import AnchorProposalSerializer
from schedules.api.slots import ListsSlots, SlotSerializer
from schedules.models import Booking, Schedule, Slot, Study
from schedules.ranking import rank_of
from schedules.rules.protocol import Contrast
from schedules.worklists import EARLIEST, OLDEST, Appointment, Row, appointments
from surveillance.accounts.roles import Act
from surveillance.api.filters import OfView, WholeNumber
from surveillance.api.showing import Shown


class ToBookFilter(OfView):
    show = django_filters.ChoiceFilter(choices=[("snoozed", "snoozed")])
    clinic = django_filters.CharFilter()
    within = WholeNumber(min_value=0, max_value=3660, label="Due within days.")
    protocol = django_filters.CharFilter()
    site = django_filters.CharFilter(label="A part of the tumour’s site.")
    contrast = django_filters.ChoiceFilter(choices=[(one.value, one.value) for one in Contrast])
    order = django_filters.ChoiceFilter(choices=[("due", "due")])

    def filter_queryset(self, queryset: QuerySet[Slot]) -> QuerySet[Slot]:
        told = dict(self.form.cleaned_data)
        if code := told.pop("clinic"):
            told["clinic"] = next((one for one in self.view.clinics if one.code == code), None)
            if told["clinic"] is None:
                return queryset.none()
        return to_book.listed(to_book.Show(told.pop("show")), told, self.view.days())


class ToBookViewSet(ListsSlots):
    """What must be booked now, the most urgent first; or what is snoozed."""

    acts = {"list": Act.BOOK}
    page = "API: worklists"
    filterset_class = ToBookFilter

    def in_order(self) -> Sequence[By]:
        return to_book.ORDERS[self.request.query_params.get("order", "")]


class ReasonSerializer(serializers.Serializer[Any]):
    words = serializers.CharField()
    points = serializers.IntegerField()


class OverdueSerializer(SlotSerializer):
    score = serializers.IntegerField(source="slot.score")
    reasons = serializers.SerializerMethodField(help_text="What the score is made of.")

    @extend_schema_field(ReasonSerializer(many=True))
    def get_reasons(self, row: Row) -> Any:
        return ReasonSerializer(rank_of(row.slot, row.on).parts, many=True).data


class OverdueFilter(OfView):
    show = django_filters.ChoiceFilter(choices=[("deferred", "deferred")])
    order = django_filters.ChoiceFilter(choices=[("lateness", "lateness")])

    def filter_queryset(self, queryset: QuerySet[Slot]) -> QuerySet[Slot]:
        show = overdue.Asked.by(self.view.request.query_params).show
        return to_book.with_contacts(overdue.part(show, self.view.days()))


class OverdueViewSet(ListsSlots):
    """Who is late, ranked, with the reasons; or what a clinician has deferred."""

    acts = {"list": Act.REVIEW}
    page = "API: worklists"
    serializer_class = OverdueSerializer
    filterset_class = OverdueFilter

    def in_order(self) -> Sequence[By]:
        asked = overdue.Asked.by(self.request.query_params)
        return overdue.ORDERS[asked.show, asked.order]


class AppointmentSerializer(serializers.Serializer[Any]):
    booking = BookingSerializer()
    day_has_come = serializers.BooleanField()
    day_has_passed = serializers.BooleanField()
    not_needed = serializers.CharField(
        help_text="Why no exam is needed now, though the appointment stands; or nothing."
    )


class BookedViewSet(ListModelMixin, Scoped[Booking]):
    """The appointments whose outcome is not known yet, the earliest first."""

    acts = {"list": Act.BOOK}
    page = "API: worklists"
    order = EARLIEST
    serializer_class = AppointmentSerializer

    def get_queryset(self) -> QuerySet[Booking]:
        return queries.bookings_of(self.clinics)

    def filter_queryset(self, queryset: Any) -> Any:
        return queries.booked(self.clinics).select_related("replaces", "replaced_by", "booked_by")

    def as_shown(self, bookings: Sequence[Booking]) -> Sequence[Appointment]:
        return appointments(bookings, timezone.now())


class WaitingStudySerializer(Shown[Study]):
    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")

    class Meta:
        model = Study
        fields = ["id", "patient", "modality", "performed_on", "regions", "description"]
        read_only_fields = fields


class ResultsFilter(OfView):
    show = django_filters.ChoiceFilter(choices=[("unreviewed", "unreviewed")])

    def filter_queryset(self, queryset: QuerySet[Study]) -> QuerySet[Study]:
        clinics = self.view.clinics
        if self.form.cleaned_data["show"]:
            return queries.unreviewed_studies(clinics)
        return queries.unreported_studies(clinics)


class ResultsViewSet(ListModelMixin, Scoped[Study]):
    """Studies that nobody has reported yet; or those whose result nobody has reviewed."""

    acts = {"list": Act.REVIEW}
    page = "API: worklists"
    order = OLDEST
    serializer_class = WaitingStudySerializer
    filterset_class = ResultsFilter

    def get_queryset(self) -> QuerySet[Study]:
        return queries.studies_of(self.clinics)


class RebaselineProposedSerializer(serializers.Serializer[Any]):
    schedule = serializers.UUIDField(source="schedule.public_id")
    patient = serializers.UUIDField(source="schedule.tumour.patient.public_id")
    proposal = AnchorProposalSerializer()


class RebaselinesViewSet(Scoped[Schedule]):
    """The operations that propose a new anchor and wait for a decision."""

    acts = {"list": Act.PLAN}
    page = "API: worklists"
    patient_path = "tumour.patient"
    serializer_class = RebaselineProposedSerializer
    pagination_class = Whole

    def get_queryset(self) -> QuerySet[Schedule]:
        return queries.schedules_of(self.clinics)

    def list(self, request: Request) -> Response:
        waiting = [
            {"schedule": schedule, "proposal": proposal}
            for schedule, proposal in proposals(self.clinics)
        ]
        self.see(one["schedule"] for one in waiting)
        told = self.get_serializer(waiting, many=True).data
        return Response({"results": told, "next": None})
