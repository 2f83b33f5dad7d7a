"""How received images are told of, and what is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from rest_framework import serializers

from imaging.judging import Judgement
from imaging.models import FiledBy
from imaging.uploading import NotTaken
from imaging.wording import evidence_in_words, who, why
from patients.api.scoped import ClinicCode, OneOf
from patients.models import Patient
from patients.queries import patients_of
from schedules.api.studies import Regions
from schedules.rules.protocol import REGIONS
from surveillance.api.parsing import Told


class ReceivedSerializer(serializers.Serializer[Judgement]):
    id = serializers.UUIDField(source="received.public_id")
    clinic = serializers.SlugField(source="received.clinic.code")
    study_uid = serializers.CharField(source="received.study_uid")
    first_at = serializers.DateTimeField(source="received.first_at")
    last_at = serializers.DateTimeField(source="received.last_at")
    settled_at = serializers.DateTimeField(
        source="received.settled_at",
        allow_null=True,
        help_text="When it was taken to be complete; null while more may come.",
    )
    names = serializers.SerializerMethodField(help_text="Whom the images name.")
    performed_on = serializers.DateField(allow_null=True)
    modality = serializers.CharField()
    description = serializers.CharField()
    regions = Regions(source="coverage.regions")
    sure = serializers.BooleanField(
        source="coverage.sure", help_text="Whether the regions are beyond doubt."
    )
    evidence = serializers.SerializerMethodField(help_text="What the regions rest on.")
    patient = serializers.UUIDField(
        source="patient.public_id",
        default=None,
        allow_null=True,
        help_text="Whose it is, if nothing speaks against it.",
    )
    suspects = serializers.SerializerMethodField(help_text="Whose it may be.")
    slot = serializers.UUIDField(
        source="slot.public_id",
        default=None,
        allow_null=True,
        help_text="The exam that it would count for.",
    )
    why = serializers.SerializerMethodField(help_text="What to know before somebody decides.")
    study = serializers.UUIDField(
        source="received.study.public_id",
        default=None,
        allow_null=True,
        help_text="What it is filed as.",
    )
    way = serializers.ChoiceField(
        FiledBy.choices, source="received.way", allow_blank=True, help_text="How it was filed."
    )
    filed_by = serializers.StringRelatedField[Any](
        source="received.filed_by", allow_null=True, help_text="Null if the program filed it."
    )
    filed_at = serializers.DateTimeField(source="received.filed_at", allow_null=True)
    has_grown = serializers.BooleanField(
        source="received.has_grown",
        help_text="Whether it is filed, and what has come since does not fit.",
    )
    taken_back_because = serializers.CharField(source="received.taken_back_because")
    set_aside_because = serializers.CharField(source="received.set_aside_because")
    set_aside_by = serializers.StringRelatedField[Any](
        source="received.set_aside_by", allow_null=True
    )
    set_aside_at = serializers.DateTimeField(source="received.set_aside_at", allow_null=True)

    def get_suspects(self, judgement: Judgement) -> list[UUID]:
        return [patient.public_id for patient in judgement.suspects]

    def get_names(self, judgement: Judgement) -> list[str]:
        return who(judgement.headers)

    def get_evidence(self, judgement: Judgement) -> list[str]:
        return evidence_in_words(judgement.coverage.evidence)

    def get_why(self, judgement: Judgement) -> list[str]:
        return why(judgement)


class FilingSerializer(Told):
    patient = OneOf(patients_of)
    regions = Regions(
        min_length=1,
        max_length=len(REGIONS),
        help_text="What the images really cover, not what was ordered.",
    )
    performed_on = serializers.DateField(
        required=False, allow_null=True, help_text="For images that tell no day."
    )
    despite = serializers.CharField(
        max_length=300,
        required=False,
        allow_blank=True,
        help_text="Where the images speak against the patient: why they are theirs all the same.",
    )
    remember = serializers.CharField(
        max_length=64,
        required=False,
        allow_blank=True,
        help_text="A text of the images that means these regions from now on.",
    )


class GrownSerializer(Told):
    regions = Regions(max_length=len(REGIONS), help_text="What it has gained.")


class TakenBackSerializer(Told):
    reason = serializers.CharField(max_length=300)
    withdraws = serializers.BooleanField(
        required=False,
        allow_null=True,
        help_text="If its result told of a finding: whether that was never there, or stays.",
    )


class UploadSerializer(Told):
    clinic = ClinicCode(help_text="To which of your clinics they came.")
    images = serializers.ListField(
        child=serializers.FileField(allow_empty_file=True, use_url=False),
        allow_empty=False,
        help_text="DICOM files, or ZIP archives of them; up to 1 GB at once.",
    )

    def to_internal_value(self, data: Any) -> Any:
        if "images" not in data and getattr(self.context["request"], "left_out", None):
            too_much = _("This is more than 1 GB: bring it in parts.")
            raise serializers.ValidationError({"images": [too_much]})
        return super().to_internal_value(data)


class NotTakenSerializer(serializers.Serializer[NotTaken]):
    name = serializers.CharField()
    reason = serializers.CharField()


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one upload."""

    instances: int
    studies: Sequence[Judgement]
    refused: Sequence[NotTaken]

    @property
    def shown(self) -> list[Patient]:
        return [patient for judgement in self.studies for patient in judgement.shown]


class TakenSerializer(serializers.Serializer[Taken]):
    instances = serializers.IntegerField(help_text="How many images were read.")
    studies = ReceivedSerializer(many=True)
    refused = NotTakenSerializer(many=True, help_text="What was not taken in, and why.")
