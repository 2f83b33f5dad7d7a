"""Appointments: made, moved, and what became of them."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from patients.api.scoped import OneOf, Retrieves, changes, creates
from schedules import actions
from schedules.actions.bookings import LONGEST
from schedules.models import Booking, BookingState
from schedules.queries import CLINIC, bookings_of, scanners_of, slots_of
from surveillance.accounts.roles import Act
from surveillance.api.filters import At
from surveillance.api.parsing import Moment, Told
from surveillance.api.showing import Shown


class BookingSerializer(Shown[Booking]):
    id = serializers.UUIDField(source="public_id")
    slot = serializers.UUIDField(source="slot.public_id")
    patient = serializers.UUIDField(source="slot.patient.public_id")
    scanner = serializers.UUIDField(source="scanner.public_id")
    ends_at = serializers.DateTimeField()
    replaces = serializers.UUIDField(source="replaces.public_id", allow_null=True)
    replaced_by = serializers.UUIDField(source="replaced_by.public_id", allow_null=True)
    booked_by = serializers.CharField()

    class Meta:
        model = Booking
        fields = [
            "id",
            "slot",
            "patient",
            "scanner",
            "starts_at",
            "ends_at",
            "minutes",
            "state",
            "outside_window_reason",
            "broken_off_because",
            "accession",
            "study_uid",
            "replaces",
            "replaced_by",
            "booked_by",
            "booked_at",
        ]
        read_only_fields = fields


class TimeSerializer(Told):
    scanner = OneOf(scanners_of)
    starts_at = Moment(help_text="With its offset from UTC.")
    minutes = serializers.IntegerField(
        min_value=1, max_value=LONGEST, required=False, help_text="Only if not as usual."
    )
    outside_window_reason = serializers.CharField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Needed for a day outside the window.",
    )


class NewBookingSerializer(TimeSerializer):
    slot = OneOf(slots_of)


class BookingFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter(f"slot__{CLINIC}__code")
    patient = django_filters.UUIDFilter("slot__schedule__tumour__patient__public_id")
    slot = django_filters.UUIDFilter("slot__public_id")
    scanner = django_filters.UUIDFilter("scanner__public_id")
    state = django_filters.ChoiceFilter(choices=BookingState.choices)
    starts_from = At("starts_at", lookup_expr="gte")
    starts_to = At("starts_at", lookup_expr="lte")


class BookingViewSet(ListModelMixin, Retrieves[Booking]):
    """Appointments."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.BOOK,
        "reschedule": Act.BOOK,
        "arrived": Act.BOOK,
        "no_show": Act.BOOK,
        "cancel": Act.BOOK,
        "undo": Act.BOOK,
        "undo_outcome": Act.BOOK,
    }
    page = "API: bookings"
    patient_path = "slot.patient"
    serializer_class = BookingSerializer
    filterset_class = BookingFilter

    def get_queryset(self) -> QuerySet[Booking]:
        return bookings_of(self.clinics).select_related("replaces", "replaced_by", "booked_by")

    @creates(NewBookingSerializer, BookingSerializer)
    def create(self, **told: Any) -> Booking:
        """Book an appointment for a slot."""
        return actions.book(by=self.user, **told)

    @changes(TimeSerializer)
    def reschedule(self, booking: Booking, **told: Any) -> Booking:
        """Give it another time: it is cancelled, and the answer is the new one."""
        new = actions.reschedule(booking=booking, by=self.user, **told)
        return self.get_queryset().get(pk=new.pk)

    @changes()
    def arrived(self, booking: Booking) -> None:
        """Record that the patient arrived."""
        actions.move_booking(booking=booking, by=self.user, to=BookingState.ARRIVED)

    @changes()
    def no_show(self, booking: Booking) -> None:
        """Record that the patient did not attend."""
        actions.move_booking(booking=booking, by=self.user, to=BookingState.NO_SHOW)

    @changes()
    def cancel(self, booking: Booking) -> None:
        """Cancel it."""
        actions.move_booking(booking=booking, by=self.user, to=BookingState.CANCELLED)

    @changes()
    def undo(self, booking: Booking) -> None:
        """Take back an appointment that you have booked just now."""
        actions.undo_booking(booking=booking, by=self.user)

    @changes()
    def undo_outcome(self, booking: Booking) -> None:
        """Take back what you have said just now became of it."""
        actions.undo_outcome(booking=booking, by=self.user)
