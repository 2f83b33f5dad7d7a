"""What follow-up adds to the addresses of patients and of their tumours."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from patients.api.history import TumourSerializer, tumours_of
from patients.api.patients import PatientSerializer
from patients.api.scoped import Scoped, changes
from patients.models import Patient, Tumour
from patients.queries import patients_of
from schedules import actions
from schedules.anchors import anchor_for
from schedules.suitability import Suiting, suiting_protocols
from surveillance.accounts.roles import Act
from surveillance.api.parsing import Told


class DeathSerializer(Told):
    died_on = serializers.DateField()


class DeathViewSet(Scoped[Patient]):
    """The death of a patient."""

    acts = {"record_death": Act.PLAN}
    page = "API: patients"
    serializer_class = PatientSerializer

    def get_queryset(self) -> QuerySet[Patient]:
        return patients_of(self.clinics).select_related("responsible")

    def patient_of(self, row: Patient) -> Patient:
        return row

    @changes(DeathSerializer)
    def record_death(self, patient: Patient, **told: Any) -> None:
        """Record a death, or correct its day: all follow-up ends, appointments are cancelled."""
        actions.record_death(patient=patient, by=self.user, **told)


class SuitingSerializer(serializers.Serializer[Suiting]):
    protocol = serializers.SlugField(source="protocol.code")
    version = serializers.IntegerField(source="protocol.version")
    reason = serializers.CharField()


class AnchorProposalSerializer(serializers.Serializer[Any]):
    anchor = serializers.UUIDField(source="event.public_id")
    anchor_on = serializers.DateField(source="anchor")
    reason = serializers.CharField()


class ProposedSerializer(serializers.Serializer[Any]):
    protocols = SuitingSerializer(many=True)
    anchor = AnchorProposalSerializer(allow_null=True)


class ProposalViewSet(Scoped[Tumour]):
    """How a tumour may be followed."""

    acts = {"proposals": Act.PLAN}
    page = "API: tumours"
    serializer_class = TumourSerializer

    def get_queryset(self) -> QuerySet[Tumour]:
        return tumours_of(self.clinics)

    @extend_schema(responses=ProposedSerializer)
    @action(detail=True)
    def proposals(self, request: Request, public_id: UUID) -> Response:
        """Return the active protocols that suit it, with why, and where month 0 may lie."""
        tumour = self.get_object()
        self.see([tumour])
        told = {"protocols": suiting_protocols(tumour), "anchor": anchor_for(tumour)}
        return Response(ProposedSerializer(told).data)
