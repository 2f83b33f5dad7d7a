"""What people say of images, and arrange for them. The rules stand in the actions."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.http import HttpRequest, QueryDict
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from imaging.judging import Judgement
from imaging.models import Arrangement, Peer, TextMeaning
from imaging.regions import Region
from patients.fields import DatedForm, DateField
from patients.forms import ClinicChoiceForm
from patients.models import Clinic, Patient
from schedules.forms import REGION_CHOICES
from schedules.models.booking import AE_TITLE

MEANT = [choice for choice in REGION_CHOICES if choice[0] in set(Region)]


class FileForm(DatedForm):
    """Whose images are, and what they cover; it begins with what is beyond doubt."""

    patient = forms.ChoiceField(label=_("Patient"), widget=forms.RadioSelect)
    regions = forms.MultipleChoiceField(
        label=_("Regions covered"),
        choices=REGION_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick what the images really cover, not what was ordered."),
    )
    performed_on = DateField(label=_("Performed on"), help_text=_("The images tell no day."))
    despite = forms.CharField(
        label=_("Why they are this patient’s all the same"),
        required=False,
        max_length=300,
        help_text=_("Needed where the images speak against the patient."),
    )
    remember = forms.ChoiceField(
        label=_("Remember these regions for the text"),
        required=False,
        help_text=_("From now on it means exactly these at this clinic."),
    )

    def __init__(
        self, data: QueryDict | None, *, judgement: Judgement, patients: Iterable[Patient]
    ) -> None:
        super().__init__(
            data,
            today=judgement.received.clinic.today(),
            initial={
                "patient": str(judgement.patient.public_id) if judgement.patient else None,
                "regions": judgement.coverage.regions if judgement.coverage.sure else (),
            },
        )
        self._patients = {str(patient.public_id): patient for patient in patients}
        patient, remember = self.fields["patient"], self.fields["remember"]
        assert isinstance(patient, forms.ChoiceField)
        assert isinstance(remember, forms.ChoiceField)
        patient.choices = [(key, _described(one)) for key, one in self._patients.items()]
        remember.choices = [("", gettext("No text")), *((text, text) for text in judgement.texts)]
        if judgement.performed_on:
            del self.fields["performed_on"]
        if not judgement.texts:
            del self.fields["remember"]

    def clean_patient(self) -> Patient:
        return self._patients[self.cleaned_data["patient"]]


def _described(patient: Patient) -> str:
    return gettext("%(patient)s, MRN %(mrn)s, born %(day)s") % {
        "patient": patient,
        "mrn": patient.mrn,
        "day": date_format(patient.birth_date),
    }


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """One file or more, in their order."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[TemporaryUploadedFile]:
        return [super(FilesField, self).clean(one, initial) for one in data or [None]]


class UploadForm(ClinicChoiceForm):
    """Files, and to which clinic they came; with a single one there is nothing to choose."""

    images = FilesField(
        label=_("Files"),
        allow_empty_file=True,  # each is told by itself why it cannot be read
        help_text=_(
            "DICOM files, as many as you like, or ZIP archives of them; up to 1 GB at once."
        ),
    )
    field_order = ("clinic", "images")

    def __init__(self, request: HttpRequest, *, clinics: list[Clinic]) -> None:
        super().__init__(request.POST, clinics=clinics)
        self.files = request.FILES
        self.is_bound = request.method == "POST"
        if "clinic" in self.fields:
            self.fields["clinic"].required = True


class AsideForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("Such as a phantom, or somebody whom the clinic does not follow."),
    )


class TakeBackForm(forms.Form):
    reason = forms.CharField(label=_("Why it is taken back"), max_length=300)
    withdraws = forms.TypedChoiceField(
        required=False,
        choices=[
            ("yes", _("It was never there: it is withdrawn from the history")),
            ("no", _("It was seen by other means too: it stays in the history")),
        ],
        coerce=lambda chosen: chosen == "yes",
        empty_value=None,
        widget=forms.RadioSelect,
    )

    def __init__(self, data: QueryDict | None = None, *, judgement: Judgement) -> None:
        super().__init__(data, auto_id="id_back_%s")
        result = getattr(judgement.received.study, "result", None)
        told_of = result.told_of if result else None
        if result and told_of and not told_of.results.exclude(pk=result.pk).exists():
            self.fields["withdraws"].label = gettext("The finding “%(finding)s”") % {
                "finding": told_of
            }
        else:
            del self.fields["withdraws"]


class GrownForm(forms.Form):
    regions = forms.MultipleChoiceField(
        label=_("Regions to add"),
        required=False,
        choices=REGION_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Tick what the images really cover beside what is filed already."),
    )


class ArrangementForm(forms.Form):
    settles_after = forms.IntegerField(
        label=_("Complete after"),
        min_value=1,
        max_value=1440,
        help_text=_("Minutes without anything new after which a study is taken to be complete."),
    )
    files_by_itself = forms.BooleanField(
        label=_("File by itself"),
        required=False,
        help_text=_(
            "File a study without asking where its number, name or birth date, day and regions all "
            "fit, though it answers no order. Otherwise somebody confirms it."
        ),
    )
    pacs_url = forms.URLField(
        label=_("PACS"),
        required=False,
        max_length=200,
        assume_scheme="https",
        help_text=_("DICOMweb address of a PACS to ask for new studies."),
    )

    @classmethod
    def of(cls, arranged: Arrangement) -> "ArrangementForm":
        told = {name: getattr(arranged, name) for name in cls.base_fields}
        return cls(initial=told, auto_id="id_arranged_%s")


class PeerForm(forms.Form):
    ae_title = forms.CharField(label=_("AE title"), max_length=16, validators=[AE_TITLE])
    address = forms.GenericIPAddressField(
        label=_("IP address"), help_text=_("From which alone it is listened to.")
    )
    name = forms.CharField(label=_("Name"), required=False, max_length=80)

    @classmethod
    def of(cls, peer: Peer) -> "PeerForm":
        told = {"ae_title": peer.ae_title, "address": peer.address, "name": peer.name}
        return cls(initial=told, auto_id=f"id_peer{peer.pk}_%s")


class RegionsOfTextForm(forms.Form):
    """What a text means; nothing ticked is that it covers none of these regions."""

    regions = forms.MultipleChoiceField(
        label=_("Regions"),
        required=False,
        choices=MEANT,
        widget=forms.CheckboxSelectMultiple,
    )

    @classmethod
    def of(cls, meaning: TextMeaning) -> "RegionsOfTextForm":
        return cls(initial={"regions": meaning.regions}, auto_id=f"id_text{meaning.pk}_%s")


class TextForm(RegionsOfTextForm):
    text = forms.CharField(
        label=_("Text"),
        max_length=64,
        help_text=_("A description or the name of a protocol, exactly as scanners send it."),
    )
    field_order = ("text", "regions")
