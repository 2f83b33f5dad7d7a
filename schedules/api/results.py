"""What studies showed: recorded, corrected, reviewed. A result goes by the id of its study."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from patients.api.history import tumours_of
from patients.api.scoped import OneOf, Retrieves, changes, creates
from patients.models import Clinic, FindingKind
from schedules import actions, queries
from schedules.models import Correction, ResultOutcome, Study
from surveillance.accounts.roles import Act
from surveillance.api.filters import Day, Flag
from surveillance.api.parsing import Told


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    by = serializers.StringRelatedField[Any]()

    class Meta:
        model = Correction
        fields = ["outcome", "sites", "comment", "reason", "by", "at"]
        read_only_fields = fields


class ResultSerializer(serializers.ModelSerializer[Study]):
    id = serializers.UUIDField(source="public_id", help_text="That of its study.")
    patient = serializers.UUIDField(source="patient.public_id")
    performed_on = serializers.DateField(help_text="The day of the study.")
    outcome = serializers.ChoiceField(ResultOutcome.choices, source="result.outcome")
    sites = serializers.ListField(child=serializers.CharField(), source="result.sites")
    comment = serializers.CharField(source="result.comment")
    finding = serializers.UUIDField(
        source="result.told_of.public_id",
        default=None,
        allow_null=True,
        help_text="What a new lesion is in the history.",
    )
    recorded_at = serializers.DateTimeField(
        source="result.recorded_at", help_text="When what it says now was recorded."
    )
    reviewed_by = serializers.StringRelatedField[Any](source="result.reviewed_by", allow_null=True)
    reviewed_at = serializers.DateTimeField(source="result.reviewed_at", allow_null=True)
    corrections = CorrectionSerializer(
        source="result.corrections", many=True, help_text="What it said before."
    )

    class Meta:
        model = Study
        fields = [
            "id",
            "patient",
            "performed_on",
            "outcome",
            "sites",
            "comment",
            "finding",
            "recorded_at",
            "reviewed_by",
            "reviewed_at",
            "corrections",
        ]
        read_only_fields = fields


class SaidSerializer(Told):
    outcome = serializers.ChoiceField(ResultOutcome.choices)
    sites = serializers.ListField(
        child=serializers.CharField(max_length=80),
        max_length=50,
        required=False,
        help_text="Of a new lesion, and needed for one: where it is.",
    )
    comment = serializers.CharField(max_length=300, required=False, allow_blank=True)
    finding = serializers.ChoiceField(
        FindingKind.choices,
        required=False,
        allow_null=True,
        help_text="What a new lesion is, and needed for one: it is entered in the history.",
    )
    tumour = OneOf(
        tumours_of,
        required=False,
        allow_null=True,
        help_text="Of which tumour a new lesion is; needed for one.",
    )


class NewResultSerializer(SaidSerializer):
    study = OneOf(queries.studies_of)


class CorrectedSerializer(SaidSerializer):
    reason = serializers.CharField(max_length=300)
    withdraws = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="If it tells no longer of the finding that it told of: whether that was never "
        "there, or stays in the history.",
    )


class ResultFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter("patient__clinic__code")
    patient = django_filters.UUIDFilter("patient__public_id")
    outcome = django_filters.ChoiceFilter("result__outcome", choices=ResultOutcome.choices)
    is_reviewed = Flag("result__reviewed_at", lookup_expr="isnull", exclude=True)
    performed_from = Day("performed_on", lookup_expr="gte")
    performed_to = Day("performed_on", lookup_expr="lte")

    class Meta:
        model = Study
        fields: list[str] = []


def reported(clinics: Sequence[Clinic]) -> QuerySet[Study]:
    return queries.studies_of(clinics).filter(result__isnull=False)


class ResultViewSet(ListModelMixin, Retrieves[Study]):
    """What studies showed."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.RECORD_STUDY,
        "correct": Act.RECORD_STUDY,
        "review": Act.REVIEW,
        "undo_review": Act.REVIEW,
    }
    page = "API: results"
    serializer_class = ResultSerializer
    filterset_class = ResultFilter

    def get_queryset(self) -> QuerySet[Study]:
        return (
            reported(self.clinics)
            .select_related("result__finding", "result__reviewed_by")
            .prefetch_related("result__corrections__by")
        )

    @creates(NewResultSerializer, ResultSerializer)
    def create(self, study: Study, **told: Any) -> Study:
        """Record what a study showed. It waits for a clinician's review."""
        return actions.record_result(study=study, by=self.user, **told).study

    @changes(CorrectedSerializer)
    def correct(self, study: Study, **told: Any) -> None:
        """Let it say what it should have said; it waits for a review anew."""
        actions.correct_result(result=study.result, by=self.user, **told)

    @changes()
    def review(self, study: Study) -> None:
        """Record that a clinician has seen it."""
        actions.review_result(result=study.result, by=self.user)

    @changes()
    def undo_review(self, study: Study) -> None:
        """Take back, for ten minutes, that one has reviewed it oneself."""
        actions.undo_result_review(result=study.result, by=self.user)
