"""What happened to a patient: tumours, treatments and findings."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from patients import actions
from patients.api.scoped import OneOf, Retrieves, creates
from patients.models import (
    Clinic,
    Finding,
    FindingKind,
    Intent,
    Margin,
    Treatment,
    TreatmentKind,
    Tumour,
)
from patients.queries import patients_of
from surveillance.accounts.roles import Act
from surveillance.api.parsing import Told
from surveillance.api.showing import Shown

READING_AND_ADDING = {
    "list": Act.SEE_PATIENTS,
    "retrieve": Act.SEE_PATIENTS,
    "create": Act.REGISTER_PATIENT,
}


def tumours_of(clinics: Sequence[Clinic]) -> QuerySet[Tumour]:
    return Tumour.objects.filter(patient__clinic__in=clinics).select_related("patient__clinic")


def treatments_of(clinics: Sequence[Clinic]) -> QuerySet[Treatment]:
    return Treatment.objects.filter(tumour__in=tumours_of(clinics)).select_related(
        "tumour__patient__clinic"
    )


class TumourSerializer(Shown[Tumour]):
    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")

    class Meta:
        model = Tumour
        fields = [
            "id",
            "patient",
            "site",
            "topography",
            "morphology",
            "morphology_name",
            "icdo_edition",
            "laterality",
            "grade",
            "size_mm",
            "depth",
            "diagnosed_on",
        ]
        read_only_fields = fields


class NewTumourSerializer(Told, serializers.ModelSerializer[Tumour]):
    patient = OneOf(patients_of)

    class Meta:
        model = Tumour
        fields = [name for name in TumourSerializer.Meta.fields if name != "id"]


class TumourFilter(django_filters.FilterSet):
    patient = django_filters.UUIDFilter("patient__public_id")

    class Meta:
        model = Tumour
        fields: list[str] = []


class TumourViewSet(ListModelMixin, Retrieves[Tumour]):
    """Primary tumours."""

    acts = READING_AND_ADDING
    page = "API: tumours"
    serializer_class = TumourSerializer
    filterset_class = TumourFilter

    def get_queryset(self) -> QuerySet[Tumour]:
        return tumours_of(self.clinics)

    @creates(NewTumourSerializer, TumourSerializer)
    def create(self, **told: Any) -> Tumour:
        """Add a primary tumour."""
        return actions.add_tumour(by=self.user, **told)


class TreatmentSerializer(Shown[Treatment]):
    id = serializers.UUIDField(source="public_id")
    tumour = serializers.UUIDField(source="tumour.public_id")

    class Meta:
        model = Treatment
        fields = [
            "id",
            "tumour",
            "kind",
            "on",
            "intent",
            "margin",
            "drugs",
            "cycles",
            "description",
            "note",
        ]
        read_only_fields = fields


class NewTreatmentSerializer(Told):
    tumour = OneOf(tumours_of)
    kind = serializers.ChoiceField(TreatmentKind.choices)
    on = serializers.DateField(
        allow_null=True,
        default=None,
        help_text="An operation needs it: follow-up counts from there.",
    )
    intent = serializers.ChoiceField(Intent.choices, required=False)
    margin = serializers.ChoiceField(Margin.choices, required=False)
    drugs = serializers.ListField(
        child=serializers.CharField(max_length=60), max_length=50, required=False
    )
    cycles = serializers.IntegerField(min_value=1, max_value=99, required=False, allow_null=True)
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)


class OfTumourFilter(django_filters.FilterSet):
    tumour = django_filters.UUIDFilter("tumour__public_id")
    patient = django_filters.UUIDFilter("tumour__patient__public_id")


class TreatmentViewSet(ListModelMixin, Retrieves[Treatment]):
    """The treatment history."""

    acts = READING_AND_ADDING
    page = "API: treatments"
    patient_path = "tumour.patient"
    serializer_class = TreatmentSerializer
    filterset_class = OfTumourFilter

    def get_queryset(self) -> QuerySet[Treatment]:
        return treatments_of(self.clinics)

    @creates(NewTreatmentSerializer, TreatmentSerializer)
    def create(self, **told: Any) -> Treatment:
        """Add an event of the treatment history; an operation may propose a new anchor."""
        return actions.add_treatment(by=self.user, **told)


class FindingSerializer(Shown[Finding]):
    id = serializers.UUIDField(source="public_id")
    tumour = serializers.UUIDField(source="tumour.public_id")

    class Meta:
        model = Finding
        fields = ["id", "tumour", "kind", "sites", "found_on", "found_by"]
        read_only_fields = fields


class NewFindingSerializer(Told):
    tumour = OneOf(tumours_of)
    kind = serializers.ChoiceField(FindingKind.choices)
    sites = serializers.ListField(
        child=serializers.CharField(max_length=80), min_length=1, max_length=50
    )
    found_on = serializers.DateField()
    found_by = serializers.CharField(max_length=120)


class FindingViewSet(ListModelMixin, Retrieves[Finding]):
    """Disease seen: local recurrences and metastases. Those that were withdrawn are left out."""

    acts = READING_AND_ADDING
    page = "API: findings"
    patient_path = "tumour.patient"
    serializer_class = FindingSerializer
    filterset_class = OfTumourFilter

    def get_queryset(self) -> QuerySet[Finding]:
        return Finding.objects.filter(tumour__in=tumours_of(self.clinics)).select_related(
            "tumour__patient__clinic"
        )

    @creates(NewFindingSerializer, FindingSerializer)
    def create(self, **told: Any) -> Finding:
        """Add disease seen."""
        return actions.add_finding(by=self.user, **told)
