"""Studies that took place: listed, recorded by hand, kept off schedule."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from patients.api.scoped import OneOf, Retrieves, changes, creates
from patients.queries import patients_of
from schedules import actions, queries
from schedules.forms import MODALITIES
from schedules.models import Study
from schedules.models.study import STUDY_UID
from schedules.rules.protocol import REGIONS
from schedules.unmatched import slots_of, why_unmatched
from surveillance.accounts.roles import Act
from surveillance.api.filters import Day, Standing
from surveillance.api.parsing import Told


class Regions(serializers.ListField):
    """Which regions, each by its name in the protocols."""

    child = serializers.ChoiceField(list(REGIONS))


class StudySerializer(serializers.ModelSerializer[Study]):
    id = serializers.UUIDField(source="public_id")
    patient = serializers.UUIDField(source="patient.public_id")
    regions = Regions()
    slots = serializers.SlugRelatedField[Any](
        many=True, read_only=True, slug_field="public_id", help_text="The exams it counts for."
    )
    why_unmatched = serializers.SerializerMethodField(
        allow_null=True, help_text="Why it counts for no exam of the plan; null if it counts."
    )
    outcome = serializers.CharField(
        source="result.outcome",
        default=None,
        allow_null=True,
        help_text="Of its result; null without one.",
    )
    reviewed_at = serializers.DateTimeField(
        source="result.reviewed_at", default=None, allow_null=True
    )
    kept_by = serializers.StringRelatedField[Any](allow_null=True)

    class Meta:
        model = Study
        fields = [
            "id",
            "patient",
            "study_uid",
            "modality",
            "performed_on",
            "regions",
            "description",
            "slots",
            "why_unmatched",
            "outcome",
            "reviewed_at",
            "kept_because",
            "kept_by",
            "kept_at",
        ]
        read_only_fields = fields

    def get_why_unmatched(self, study: Study) -> str | None:
        return None if study.slots.all() else why_unmatched(study, slots_of(study))


class NewStudySerializer(Told):
    patient = OneOf(patients_of)
    modality = serializers.ChoiceField(list(MODALITIES))
    performed_on = serializers.DateField()
    regions = Regions(
        min_length=1,
        max_length=len(REGIONS),
        help_text="What the images really cover, not what was ordered.",
    )
    description = serializers.CharField(max_length=300, required=False, allow_blank=True)
    study_uid = serializers.CharField(
        max_length=64,
        validators=[STUDY_UID],
        required=False,
        allow_blank=True,
        help_text="StudyInstanceUID. Told again, the study gains what regions are new.",
    )


class ReasonSerializer(Told):
    reason = serializers.CharField(max_length=300)


class StudyFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter("patient__clinic__code")
    patient = django_filters.UUIDFilter("patient__public_id")
    performed_from = Day("performed_on", lookup_expr="gte")
    performed_to = Day("performed_on", lookup_expr="lte")
    state = Standing(
        {
            "without_result": queries.unreported_studies,
            "unreviewed": queries.unreviewed_studies,
            "unmatched": queries.unmatched_studies,
        }
    )

    class Meta:
        model = Study
        fields: list[str] = []


class StudyViewSet(ListModelMixin, Retrieves[Study]):
    """Imaging studies that really took place."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.RECORD_STUDY,
        "keep_off_schedule": Act.RECORD_STUDY,
        "undo_keep_off_schedule": Act.RECORD_STUDY,
    }
    page = "API: studies"
    serializer_class = StudySerializer
    filterset_class = StudyFilter

    def get_queryset(self) -> QuerySet[Study]:
        schedules = "patient__tumours__schedules"
        return (
            queries.studies_of(self.clinics)
            .select_related("result", "kept_by")
            .prefetch_related("slots", f"{schedules}__slots", f"{schedules}__suspensions")
        )

    @creates(NewStudySerializer, StudySerializer)
    def create(self, **told: Any) -> Study:
        """Record a study by hand; it counts for the exams in whose window it falls."""
        return actions.record_study(by=self.user, **told)

    @changes(ReasonSerializer)
    def keep_off_schedule(self, study: Study, reason: str) -> None:
        """Decide that it need not count for any exam. Should it come to match one, it counts."""
        actions.keep_off_schedule(study=study, reason=reason, by=self.user)

    @changes()
    def undo_keep_off_schedule(self, study: Study) -> None:
        """Take back, for ten minutes, that one has kept it off schedule oneself."""
        actions.undo_keep_off_schedule(study=study, by=self.user)
