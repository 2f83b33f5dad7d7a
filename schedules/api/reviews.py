"""Clinicians' decisions on overdue slots."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from patients.api.scoped import IDEMPOTENCY_KEY, OneOf, Retrieves, changes, creates
from patients.paging import PAGE_ROWS
from schedules import actions
from schedules.api.contacts import OfSlotFilter
from schedules.models import Decision, Review, Slot
from schedules.queries import reviews_of, slots_of
from surveillance.accounts.roles import Act
from surveillance.api.parsing import Choice, Told
from surveillance.api.showing import Shown

SEEN = "The id of the last decision that was seen; null if there was none."


class ReviewSerializer(Shown[Review]):
    id = serializers.UUIDField(source="public_id")
    slot = serializers.UUIDField(source="slot.public_id")
    patient = serializers.UUIDField(source="slot.patient.public_id")
    by = serializers.CharField()

    class Meta:
        model = Review
        fields = ["id", "slot", "patient", "decision", "until", "reason", "by", "at"]
        read_only_fields = fields


class NewReviewSerializer(Told):
    slot = OneOf(slots_of)
    decision = Choice(Decision)
    until = serializers.DateField(required=False, allow_null=True, help_text="Only for a deferral.")
    reason = serializers.CharField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Needed to skip the exam or to end the follow-up.",
    )
    seen = serializers.UUIDField(allow_null=True, help_text=SEEN)


class SeenSerializer(Told):
    slot = OneOf(slots_of)
    seen = serializers.UUIDField(allow_null=True, help_text=SEEN)


class TogetherSerializer(Told):
    slots = SeenSerializer(many=True, allow_empty=False, max_length=PAGE_ROWS)  # type: ignore[call-arg]
    decision = Choice(Decision, help_text="One that takes nobody off the list.")
    reason = serializers.CharField(max_length=300, required=False, allow_blank=True)


class DecidedSerializer(serializers.Serializer[Any]):
    slot = serializers.UUIDField(source="public_id")
    refused = serializers.CharField(help_text="Why nothing is recorded; empty if it is.")


class DecidedTogetherSerializer(serializers.Serializer[Any]):
    results = DecidedSerializer(many=True)


class ReviewViewSet(ListModelMixin, Retrieves[Review]):
    """Decisions on overdue exams."""

    acts = {
        "list": Act.SEE_PATIENTS,
        "retrieve": Act.SEE_PATIENTS,
        "create": Act.REVIEW,
        "together": Act.REVIEW,
        "undo": Act.REVIEW,
    }
    page = "API: reviews"
    patient_path = "slot.patient"
    serializer_class = ReviewSerializer
    filterset_class = OfSlotFilter

    def get_queryset(self) -> QuerySet[Review]:
        return reviews_of(self.clinics)

    @creates(NewReviewSerializer, ReviewSerializer)
    def create(self, seen: UUID | None, **told: Any) -> Review:
        """Decide on one exam."""
        return actions.review(seen=_id(seen), by=self.user, **told)

    @extend_schema(
        request=TogetherSerializer,
        responses=DecidedTogetherSerializer,
        parameters=[IDEMPOTENCY_KEY],
    )
    @action(detail=False, methods=["post"])
    def together(self, request: Request) -> Response:
        """Make one decision on several exams; one that is refused stops no other."""
        return self.once(self._together, in_parts=True)  # what was seen keeps it from harm

    def _together(self) -> Response:
        told = self.told(TogetherSerializer)
        shown: dict[Slot, str] = {one["slot"]: _id(one["seen"]) for one in told.pop("slots")}
        refused = actions.review_together(shown=shown, by=self.user, **told)
        self.seen += [slot.patient for slot in shown]
        results = [
            {"public_id": slot.public_id, "refused": refused.get(slot, "")} for slot in shown
        ]
        return Response(DecidedTogetherSerializer({"results": results}).data)

    @changes(ends_it=True)
    def undo(self, review: Review) -> None:
        """Take back a decision that you have made just now; the one before it holds again."""
        actions.undo_review(review=review, by=self.user)


def _id(seen: UUID | None) -> str:
    return str(seen) if seen else ""
