"""The clinics that one is in."""

from datetime import date

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from patients.api.scoped import Retrieves
from patients.models import Clinic
from surveillance.api.showing import Shown


class ClinicSerializer(Shown[Clinic]):
    opens_at = serializers.CharField(help_text="On its own clock.")
    closes_at = serializers.CharField(help_text="On its own clock.")
    today = serializers.SerializerMethodField(help_text="Which day it is there.")

    class Meta:
        model = Clinic
        fields = [
            "code",
            "name",
            "time_zone",
            "today",
            "mrn_issuer",
            "country",
            "region",
            "opens_at",
            "closes_at",
        ]
        read_only_fields = fields

    def get_today(self, clinic: Clinic) -> date:
        return clinic.today()


class ClinicViewSet(ListModelMixin, Retrieves[Clinic]):
    """The clinics that one is in, whatever one may do there."""

    acts = {"list": None, "retrieve": None}
    page = "API: clinics"
    patient_path = ""
    route = "<slug:code>"
    serializer_class = ClinicSerializer

    def get_queryset(self) -> QuerySet[Clinic]:
        return Clinic.objects.filter(pk__in=[one.pk for one in self.clinics])

    def get_object(self) -> Clinic:
        return get_object_or_404(self.get_queryset(), **self.kwargs)
