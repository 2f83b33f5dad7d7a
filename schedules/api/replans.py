"""What a change of plan would do to a schedule, slot by slot, and the mark of it."""

from typing import Any
from uuid import UUID

from rest_framework import serializers

from schedules.models import Slot
from schedules.replanning import HeldBooking, Replan, fingerprint
from schedules.rules.reconcile import Act, Change


class DatesSerializer(serializers.Serializer[Any]):
    earliest_on = serializers.DateField()
    due_on = serializers.DateField()
    latest_on = serializers.DateField()
    lapses_on = serializers.DateField()


class ChangeSerializer(serializers.Serializer[Change[Slot]]):
    act = serializers.ChoiceField([(one.value, one.value) for one in Act])
    why = serializers.CharField(source="told")
    exam = serializers.CharField()
    n = serializers.IntegerField()
    slot = serializers.UUIDField(
        source="standing.row.public_id", allow_null=True, help_text="The slot that stands there."
    )
    stands = DatesSerializer(source="standing.row", allow_null=True)
    planned = DatesSerializer(allow_null=True)


class HeldSerializer(serializers.Serializer[HeldBooking]):
    booking = serializers.UUIDField(source="booking.public_id")
    starts_at = serializers.DateTimeField(source="booking.starts_at")
    goes_over_to = serializers.IntegerField(
        source="taken_by.n", allow_null=True, help_text="The number of the new slot that takes it."
    )


class ReplanSerializer(serializers.Serializer[Any]):
    schedule = serializers.UUIDField(source="schedule.public_id")
    patient = serializers.UUIDField(source="schedule.tumour.patient.public_id")
    mark = serializers.SerializerMethodField(
        help_text="Tell it as `shown`: exactly this is done, or nothing if it has changed by then."
    )
    changes = ChangeSerializer(many=True)
    appointments = HeldSerializer(source="held", many=True)
    at_risk = serializers.SerializerMethodField(help_text="Appointments that a nurse must settle.")

    def get_mark(self, replan: Replan) -> str:
        return fingerprint([replan])

    def get_at_risk(self, replan: Replan) -> list[UUID]:
        return [booking.public_id for booking in replan.at_risk]
