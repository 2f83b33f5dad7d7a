"""Slots: what is due, and why then."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from patients.api.scoped import ON, Retrieves, Scoped
from schedules.explanations import explain
from schedules.models import Booking, BookingState, Contact, Review, Slot
from schedules.openings import Choice, Load, Openings, openings
from schedules.queries import CLINIC, in_status, slots_of
from schedules.rules.explain import Explanation
from schedules.rules.windows import WindowStatus
from schedules.to_book import with_contacts
from schedules.worklists import Row, rows
from surveillance.accounts.roles import Act
from surveillance.api import filters
from surveillance.api.showing import Shown

STATUSES = [(one.value, one.value) for one in WindowStatus]
DAY = OpenApiParameter("day", OpenApiTypes.DATE, description="Of which all free times are asked.")


class LastBookingSerializer(Shown[Booking]):
    id = serializers.UUIDField(source="public_id")
    scanner = serializers.UUIDField(source="scanner.public_id")

    class Meta:
        model = Booking
        fields = ["id", "scanner", "starts_at", "minutes", "state"]
        read_only_fields = fields


class LastReviewSerializer(Shown[Review]):
    id = serializers.UUIDField(source="public_id")
    by = serializers.CharField()

    class Meta:
        model = Review
        fields = ["id", "decision", "until", "reason", "by", "at"]
        read_only_fields = fields


class LastContactSerializer(Shown[Contact]):
    id = serializers.UUIDField(source="public_id")
    by = serializers.CharField()

    class Meta:
        model = Contact
        fields = ["id", "outcome", "note", "snoozed_until", "by", "at"]
        read_only_fields = fields


class SlotSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(source="slot.public_id")
    schedule = serializers.UUIDField(source="slot.schedule.public_id")
    schedule_state = serializers.CharField(source="slot.schedule.state")
    clinic = serializers.SlugField(source="patient.clinic.code")
    patient = serializers.UUIDField(source="patient.public_id")
    protocol = serializers.SlugField(source="slot.schedule.protocol.code")
    protocol_version = serializers.IntegerField(source="slot.schedule.protocol.version")
    exam = serializers.CharField(source="slot.exam")
    modality = serializers.CharField(source="slot.modality")
    regions = serializers.ListField(source="slot.regions", child=serializers.CharField())
    n = serializers.IntegerField(source="slot.n")
    earliest_on = serializers.DateField(source="slot.earliest_on")
    due_on = serializers.DateField(source="slot.due_on")
    latest_on = serializers.DateField(source="slot.latest_on")
    lapses_on = serializers.DateField(source="slot.lapses_on")
    outcome = serializers.ChoiceField(Slot.OUTCOMES, source="slot.outcome")
    outcome_reason = serializers.CharField(source="slot.why")
    missing = serializers.ListField(
        source="slot.missing",
        child=serializers.CharField(),
        help_text="Regions that no study of it has covered.",
    )
    on = serializers.DateField(help_text="The day that `status` and `days_late` are told of.")
    status = serializers.SerializerMethodField(help_text="Null once nothing is left to do.")
    days_late = serializers.SerializerMethodField(help_text="Null once nothing is left to do.")
    last_booking = LastBookingSerializer(allow_null=True)
    last_review = LastReviewSerializer(allow_null=True)
    last_contact = serializers.SerializerMethodField()
    close_study = serializers.UUIDField(
        source="close_exam.public_id",
        allow_null=True,
        help_text="Done shortly before the window opened: somebody should decide.",
    )

    @extend_schema_field(serializers.ChoiceField(STATUSES, allow_null=True))
    def get_status(self, row: Row) -> str | None:
        return row.status.value if row.slot.outcome in Slot.TO_BE_DONE else None

    def get_days_late(self, row: Row) -> int | None:
        return row.days_late if row.slot.outcome in Slot.TO_BE_DONE else None

    @extend_schema_field(LastContactSerializer(allow_null=True))
    def get_last_contact(self, row: Row) -> Any:
        for contact in row.slot.contacts.all():
            return LastContactSerializer(contact).data
        return None


class ExplanationSerializer(serializers.Serializer[Explanation]):
    protocol = serializers.CharField()
    exam = serializers.CharField()
    phase = serializers.CharField()
    anchor_event = serializers.CharField()
    anchor_on = serializers.DateField()
    n = serializers.IntegerField()
    month = serializers.IntegerField()
    weeks = serializers.IntegerField()
    earliest_on = serializers.DateField()
    due_on = serializers.DateField()
    latest_on = serializers.DateField()
    lapses_on = serializers.DateField()
    arithmetic = serializers.CharField()
    became = serializers.CharField()
    citation = serializers.CharField()
    sentence = serializers.CharField(help_text="All of it, in words.")


class FreeTimeSerializer(serializers.Serializer[Choice]):
    scanner = serializers.UUIDField(source="scanner.public_id")
    starts_at = serializers.DateTimeField()
    days_from_due = serializers.IntegerField(source="from_due")


class LoadSerializer(serializers.Serializer[Load]):
    scanner = serializers.UUIDField(source="scanner.public_id")
    bookings = serializers.IntegerField()
    level = serializers.IntegerField(help_text="From 0, nothing, to 4, nearly all of the day.")


class DaySerializer(serializers.Serializer[Any]):
    on = serializers.DateField()
    off = serializers.CharField(help_text="Why the clinic does not work then, or nothing.")
    is_late = serializers.BooleanField()
    is_due = serializers.BooleanField()
    loads = LoadSerializer(many=True)


class OpeningsSerializer(serializers.Serializer[Openings]):
    best = FreeTimeSerializer(many=True)
    of_day = FreeTimeSerializer(source="of_chosen", many=True)
    days = serializers.SerializerMethodField()
    until = serializers.DateField(allow_null=True, help_text="The last of the days.")

    @extend_schema_field(DaySerializer(many=True))
    def get_days(self, found: Openings) -> Any:
        return DaySerializer([day for week in found.weeks for day in week.days], many=True).data


class SlotFilter(filters.OfView):
    clinic = django_filters.CharFilter(f"{CLINIC}__code")
    patient = django_filters.UUIDFilter("schedule__tumour__patient__public_id")
    schedule = django_filters.UUIDFilter("schedule__public_id")
    protocol = django_filters.CharFilter("schedule__protocol__code")
    outcome = django_filters.ChoiceFilter(choices=Slot.OUTCOMES)
    due_from = filters.Day("due_on", lookup_expr="gte")
    due_to = filters.Day("due_on", lookup_expr="lte")
    status = django_filters.ChoiceFilter(
        choices=STATUSES, method="in_status", label="On the day `on`, while an exam is lacking."
    )

    def in_status(self, slots: QuerySet[Slot], name: str, status: str) -> QuerySet[Slot]:
        return slots.filter(in_status(WindowStatus(status), self.view.days()))


class ListsSlots(ListModelMixin, Scoped[Slot]):
    """A list of slots, each as it stands on one day."""

    patient_path = "patient"
    queries = {"list": ("on",), "retrieve": ("on",), "openings": ("day",)}
    serializer_class: type[serializers.Serializer[Any]] = SlotSerializer

    def get_queryset(self) -> QuerySet[Slot]:
        return with_contacts(slots_of(self.clinics))

    def as_shown(self, slots: Sequence[Slot]) -> Sequence[Row]:
        return rows(slots, self.days())

    @extend_schema(parameters=[ON])
    def list(self, request: Request) -> Response:
        return super().list(request)


class SlotViewSet(ListsSlots, Retrieves[Slot]):
    """Exams that are due."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "explanation": Act.SEE_PATIENTS,
        "openings": Act.BOOK,
    }
    page = "API: slots"
    filterset_class = SlotFilter

    @extend_schema(parameters=[ON])
    def retrieve(self, request: Request, **address: Any) -> Response:
        return super().retrieve(request, **address)

    @extend_schema(responses=ExplanationSerializer)
    @action(detail=True)
    def explanation(self, request: Request, public_id: UUID) -> Response:
        """Return why it is on its day, and what became of it."""
        slot = self._slot()
        return Response(ExplanationSerializer(explain(slot, slot.schedule)).data)

    @extend_schema(parameters=[DAY], responses=OpeningsSerializer)
    @action(detail=True)
    def openings(self, request: Request, public_id: UUID) -> Response:
        """Return the best times for it, and the days of its window.

        The time of an appointment that it has counts as free: another one would replace it.
        """
        slot = self._slot()
        booked = slot.bookings.filter(state=BookingState.BOOKED).first()
        found = openings(slot, timezone.now(), chosen=self.day("day"), instead_of=booked)
        return Response(OpeningsSerializer(found).data)

    def _slot(self) -> Slot:
        row: Any = self.get_object()
        self.see([row])
        slot: Slot = row.slot
        return slot
