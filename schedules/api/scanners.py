"""The scanners that a clinic books."""

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from patients.api.scoped import Retrieves
from schedules.models import Scanner
from schedules.queries import scanners_of
from surveillance.api.filters import Flag
from surveillance.api.showing import Shown


class ScannerSerializer(Shown[Scanner]):
    id = serializers.UUIDField(source="public_id")
    clinic = serializers.SlugField(source="clinic.code")

    class Meta:
        model = Scanner
        fields = ["id", "clinic", "name", "minutes", "in_use"]
        read_only_fields = fields


class ScannerFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter("clinic__code")
    in_use = Flag()


class ScannerViewSet(ListModelMixin, Retrieves[Scanner]):
    """The scanners of one’s clinics."""

    acts = {"list": None, "retrieve": None}
    page = "API: scanners"
    patient_path = ""
    serializer_class = ScannerSerializer
    filterset_class = ScannerFilter

    def get_queryset(self) -> QuerySet[Scanner]:
        return scanners_of(self.clinics)
