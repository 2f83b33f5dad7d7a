"""Received images: what they say, what is decided about them, and more of them brought."""

from collections.abc import Iterable, Sequence
from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin
from rest_framework.parsers import BaseParser, MultiPartParser

from imaging import filing
from imaging.api.serializers import (
    FilingSerializer,
    GrownSerializer,
    ReceivedSerializer,
    Taken,
    TakenBackSerializer,
    TakenSerializer,
    UploadSerializer,
)
from imaging.judging import Judgement, judge
from imaging.models import Received
from imaging.queries import received_of, undecided
from imaging.uploading import bring
from patients.api.scoped import Retrieves, changes, creates
from patients.models import Clinic
from schedules.api.studies import ReasonSerializer
from surveillance.accounts.roles import Act
from surveillance.api.filters import Standing

MOST_TOLD = 1_000  # refusals


class ReceivedFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter("clinic__code")
    state = Standing(
        {
            "waits": undecided,
            "settling": lambda clinics: received_of(clinics).filter(settled_at=None),
            "filed": lambda clinics: received_of(clinics).exclude(study=None),
            "set_aside": lambda clinics: received_of(clinics).exclude(set_aside_because=""),
        }
    )

    class Meta:
        model = Received
        fields: list[str] = []


class ReceivedViewSet(ListModelMixin, Retrieves[Any]):
    """Studies as they were received: whose they may be, what they cover, what became of them."""

    acts = dict.fromkeys(
        (
            "list",
            "retrieve",
            "create",
            "file",
            "keep_as_filed",
            "take_back",
            "set_aside",
            "bring_back",
        ),
        Act.RECORD_STUDY,
    )
    page = "API: images"
    serializer_class = ReceivedSerializer
    filterset_class = ReceivedFilter

    def get_parsers(self) -> list[BaseParser]:
        """Files come as forms send them; all else is JSON, as everywhere."""
        return [MultiPartParser()] if self.action == "create" else super().get_parsers()

    def get_queryset(self) -> QuerySet[Received]:
        return received_of(self.clinics)

    def as_shown(self, rows: Sequence[Received]) -> list[Judgement]:
        return judge(rows)

    def see(self, rows: Iterable[Judgement | Taken]) -> None:
        self.seen += [patient for row in rows for patient in row.shown]

    def lock(self, row: Judgement) -> None:
        Received.objects.select_for_update().get(pk=row.received.pk)

    @creates(UploadSerializer, TakenSerializer, in_parts=True)
    def create(self, clinic: Clinic, images: list[Any]) -> Taken:
        """Bring DICOM files: each is taken in or has its reason. Again does no harm."""
        left_out = getattr(self.request, "left_out", ())
        brought = bring(clinic=clinic, files=images, by=self.user, left_out=left_out)
        refused = brought.refused[:MOST_TOLD]
        if not brought.instances:
            raise serializers.ValidationError(
                {"images": [f"{name}: {reason}" for name, reason in refused]}
            )
        return Taken(brought.instances, judge(brought.received), refused)

    @changes(FilingSerializer)
    def file(self, judgement: Judgement, **told: Any) -> None:
        """Say whose they are and what they cover."""
        filing.file_study(received=judgement.received, by=self.user, **told)

    @changes(GrownSerializer)
    def keep_as_filed(self, judgement: Judgement, regions: list[str]) -> None:
        """Leave a study filed that has grown, with the regions that it gained."""
        filing.keep_as_filed(received=judgement.received, regions=regions, by=self.user)

    @changes(TakenBackSerializer)
    def take_back(self, judgement: Judgement, **told: Any) -> None:
        """Let a filed study be nobody's again: what came of it counts no more."""
        filing.take_back(received=judgement.received, by=self.user, **told)

    @changes(ReasonSerializer)
    def set_aside(self, judgement: Judgement, reason: str) -> None:
        """Decide that they are of nobody whom the clinic follows, or need not be filed."""
        filing.set_aside(received=judgement.received, reason=reason, by=self.user)

    @changes()
    def bring_back(self, judgement: Judgement) -> None:
        """Put what was set aside on the list again."""
        filing.bring_back(received=judgement.received, by=self.user)
