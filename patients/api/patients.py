"""Patients: listed, sought, registered; their consent and their responsible clinician."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from patients import actions
from patients.api.scoped import ClinicCode, OneOf, Retrieves, changes, creates
from patients.models import Clinic, ContactBy, Language, Patient, Sex
from patients.paging import By
from patients.queries import clinicians_of, patients_of
from patients.search import with_name_or_mrn
from surveillance.accounts.models import User
from surveillance.accounts.roles import Act
from surveillance.api.filters import Flag
from surveillance.api.parsing import Choice, Told
from surveillance.api.showing import Shown


class PatientSerializer(Shown[Patient]):
    id = serializers.UUIDField(source="public_id")
    clinic = serializers.SlugField(source="clinic.code")
    email = serializers.CharField()
    responsible = serializers.UUIDField(source="responsible.public_id", allow_null=True)

    class Meta:
        model = Patient
        fields = [
            "id",
            "clinic",
            "mrn_issuer",
            "mrn",
            "family_name",
            "given_name",
            "birth_date",
            "sex",
            "phone",
            "email",
            "language",
            "contact_by",
            "consented_at",
            "responsible",
            "died_on",
            "registered_at",
        ]
        read_only_fields = fields


class RegistrationSerializer(Told):
    clinic = ClinicCode()
    mrn = serializers.CharField(max_length=64)
    family_name = serializers.CharField(max_length=100)
    given_name = serializers.CharField(max_length=100)
    birth_date = serializers.DateField()
    sex = serializers.ChoiceField(Sex.choices)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)


class SoughtSerializer(Told):
    q = serializers.CharField(max_length=100, help_text="MRN, or the start of a name.")


class ConsentSerializer(Told):
    contact_by = Choice(ContactBy, but=[""])
    language = serializers.ChoiceField(Language.choices)
    email = serializers.EmailField(max_length=254, required=False, allow_blank=True)
    phone = serializers.CharField(max_length=40, required=False, allow_blank=True)


def clinicians(clinics: Sequence[Clinic]) -> QuerySet[User]:
    return User.objects.filter(
        pk__in=[one.pk for clinic in clinics for one in clinicians_of(clinic)]
    )


class ResponsibleSerializer(Told):
    clinician = OneOf(clinicians, allow_null=True, help_text="A user’s id; null for nobody.")


class PatientFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter("clinic__code")
    mrn_issuer = django_filters.CharFilter()
    has_died = Flag("died_on", lookup_expr="isnull", exclude=True)

    class Meta:
        model = Patient
        fields: list[str] = []


class PatientViewSet(ListModelMixin, Retrieves[Patient]):
    """Patients of one’s clinics."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "search": Act.SEE_PATIENTS,
        "create": Act.REGISTER_PATIENT,
        "agree_to_messages": Act.REGISTER_PATIENT,
        "withdraw_consent": Act.REGISTER_PATIENT,
        "name_responsible": Act.REGISTER_PATIENT,
    }
    only_reads = ("search",)
    page = "API: patients"
    order = (By("family_name"), By("given_name"), By("mrn"))
    serializer_class = PatientSerializer
    filterset_class = PatientFilter

    def get_queryset(self) -> QuerySet[Patient]:
        return patients_of(self.clinics).select_related("responsible")

    def patient_of(self, row: Patient) -> Patient:
        return row

    @extend_schema(request=SoughtSerializer, responses=PatientSerializer(many=True))
    @action(detail=False, methods=["post"], filterset_class=None)
    def search(self, request: Request) -> Response:
        """Find patients as the search of the pages does.

        It is posted, since addresses end up in logs and names must not.
        """
        found = with_name_or_mrn(self.get_queryset(), self.told(SoughtSerializer)["q"])
        rows = self.paginate_queryset(found)
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @creates(RegistrationSerializer, PatientSerializer)
    def create(self, **told: Any) -> Patient:
        """Register a patient."""
        return actions.register_patient(by=self.user, **told)

    @changes(ConsentSerializer)
    def agree_to_messages(self, patient: Patient, **told: Any) -> Patient:
        """Record that the patient agreed to hear of appointments, and how."""
        return actions.agree_to_messages(patient=patient, by=self.user, **told)

    @changes()
    def withdraw_consent(self, patient: Patient) -> Patient:
        """Record that the patient wants no messages any more."""
        return actions.withdraw_consent(patient=patient, by=self.user)

    @changes(ResponsibleSerializer)
    def name_responsible(self, patient: Patient, clinician: User | None) -> Patient:
        """Name the clinician who hears first of what is overdue."""
        return actions.name_responsible(patient=patient, clinician=clinician, by=self.user)
