"""Attempts to reach a patient about a slot."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from patients.api.scoped import OneOf, Retrieves, changes, creates
from schedules import actions
from schedules.models import Contact, ContactOutcome
from schedules.queries import contacts_of, slots_of
from surveillance.accounts.roles import Act
from surveillance.api.parsing import Choice, Told
from surveillance.api.showing import Shown


class ContactSerializer(Shown[Contact]):
    id = serializers.UUIDField(source="public_id")
    slot = serializers.UUIDField(source="slot.public_id")
    patient = serializers.UUIDField(source="slot.patient.public_id")
    by = serializers.CharField()

    class Meta:
        model = Contact
        fields = ["id", "slot", "patient", "outcome", "note", "snoozed_until", "by", "at"]
        read_only_fields = fields


class NewContactSerializer(Told):
    slot = OneOf(slots_of)
    outcome = Choice(ContactOutcome)
    note = serializers.CharField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Needed if the patient does not want to come.",
    )
    snooze_until = serializers.DateField(
        required=False, allow_null=True, help_text="Until then the exam leaves the list."
    )


class OfSlotFilter(django_filters.FilterSet):
    slot = django_filters.UUIDFilter("slot__public_id")
    patient = django_filters.UUIDFilter("slot__schedule__tumour__patient__public_id")


class ContactViewSet(ListModelMixin, Retrieves[Contact]):
    """Calls, and what came of them."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.BOOK,
        "undo": Act.BOOK,
    }
    page = "API: contacts"
    patient_path = "slot.patient"
    serializer_class = ContactSerializer
    filterset_class = OfSlotFilter

    def get_queryset(self) -> QuerySet[Contact]:
        return contacts_of(self.clinics)

    @creates(NewContactSerializer, ContactSerializer)
    def create(self, **told: Any) -> Contact:
        """Record an attempt to reach the patient, and what came of it."""
        return actions.record_contact(by=self.user, **told)

    @changes(ends_it=True)
    def undo(self, contact: Contact) -> None:
        """Take back what you have recorded just now, and the snooze with it."""
        actions.undo_contact(contact=contact, by=self.user)
