"""What was sent, what waits, what failed, was withdrawn or is held."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.mixins import ListModelMixin

from patients.api.scoped import Retrieves, changes
from patients.models import Patient
from reminders import actions, queries
from reminders.models import ChannelName, Line, Message, MessageState
from reminders.wording import appointment_in_words, subject_in_words, why_withdrawn
from surveillance.accounts.roles import Act


class WhomSerializer(serializers.ModelSerializer[Patient]):
    id = serializers.UUIDField(source="public_id")

    class Meta:
        model = Patient
        fields = ["id", "mrn", "family_name", "given_name"]
        read_only_fields = fields


def announced(message: Message) -> list[Patient]:
    """Return of whose appointment it tells another system."""
    told = getattr(message, "announcement", None)
    return [told.booking.patient] if told else []


class MessageSerializer(serializers.ModelSerializer[Message]):
    id = serializers.UUIDField(source="public_id")
    clinic = serializers.SlugField(source="clinic.code")
    patients = serializers.SerializerMethodField(
        help_text="To whom it is, or of whom an appointment is announced by it."
    )

    class Meta:
        model = Message
        fields = [
            "id",
            "clinic",
            "channel",
            "recipient",
            "patients",
            "subject",
            "state",
            "queued_at",
            "attempts",
            "next_try_at",
            "sent_at",
            "last_error",
        ]
        read_only_fields = fields

    @extend_schema_field(WhomSerializer(many=True))
    def get_patients(self, message: Message) -> Any:
        written_to = [line.notice.patient for line in message.lines.all() if line.to_patient]
        return WhomSerializer([*announced(message), *written_to], many=True).data


class LineSerializer(serializers.ModelSerializer[Line]):
    patient = WhomSerializer(source="notice.patient")
    notice = serializers.UUIDField(source="notice.public_id")
    kind = serializers.CharField(source="notice.rule.kind")
    what = serializers.SerializerMethodField()
    ended_at = serializers.DateTimeField(source="notice.ended_at", allow_null=True)
    why = serializers.SerializerMethodField(
        help_text="Why it was withdrawn, or is no longer so; empty while it is."
    )

    class Meta:
        model = Line
        fields = ["patient", "notice", "kind", "what", "withdrawn_at", "ended_at", "why"]
        read_only_fields = fields

    def get_what(self, line: Line) -> str:
        return subject_in_words(line.notice)

    def get_why(self, line: Line) -> str:
        return why_withdrawn(line) if line.withdrawn_at else line.notice.why_ended


class WholeMessageSerializer(MessageSerializer):
    appointment = serializers.SerializerMethodField(
        allow_null=True, help_text="Of which appointment another system is told by it."
    )
    lines = LineSerializer(many=True, help_text="What it tells.")

    class Meta(MessageSerializer.Meta):
        fields = [*MessageSerializer.Meta.fields, "body", "appointment", "lines"]
        read_only_fields = fields

    def get_appointment(self, message: Message) -> str | None:
        told = getattr(message, "announcement", None)
        return told and appointment_in_words(told.booking, message.clinic)


class MessageFilter(django_filters.FilterSet):
    clinic = django_filters.CharFilter("clinic__code")
    state = django_filters.ChoiceFilter(choices=MessageState.choices)
    channel = django_filters.ChoiceFilter(choices=ChannelName.choices)

    class Meta:
        model = Message
        fields: list[str] = []


class MessageViewSet(ListModelMixin, Retrieves[Message]):
    """What was written to people."""

    acts = {
        "list": Act.SEE_MESSAGES,
        "retrieve": Act.SEE_MESSAGES,
        "send_again": Act.SEND_AGAIN,
    }
    page = "API: messages"
    patient_path = ""  # one may tell of many, or of none
    filterset_class = MessageFilter

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return MessageSerializer if self.action == "list" else WholeMessageSerializer

    def get_queryset(self) -> QuerySet[Message]:
        """Return the messages with what they tell: listed, with what they tell to patients."""
        lines = queries.lines()
        shown = lines.filter(to_patient=True) if self.action == "list" else lines
        return queries.messages_of(self.clinics).prefetch_related(Prefetch("lines", shown))

    def see(self, rows: Iterable[Message]) -> None:
        for message in rows:
            self.seen += announced(message)
            self.seen += [line.notice.patient for line in message.lines.all()]

    @changes()
    def send_again(self, message: Message) -> None:
        """Let a message that was given up wait once more."""
        actions.send_again(message=message, by=self.user)
