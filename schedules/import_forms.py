"""What people say of a file that they give."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from patients.importing.columns import COLUMNS, NOTHING
from patients.importing.reading import Delimiter, Encoding, Table, too_large
from patients.importing.uploads import unknown
from patients.models import Clinic, Import

LEFT_OUT = "-"


class UploadForm(forms.Form):
    """A file, and the clinic whose patients it names; with a single one there is no choice."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV or Excel (.xlsx)."),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
    )
    clinic = forms.ModelChoiceField(Clinic.objects.none(), label=_("Clinic"), empty_label=None)

    def __init__(
        self, *args: Any, clinics: list[Clinic], is_too_large: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if is_too_large:  # so it was not kept
            self.fields["file"].error_messages["required"] = too_large()
        clinic = self.fields["clinic"]
        assert isinstance(clinic, forms.ModelChoiceField)
        clinic.queryset = Clinic.objects.filter(pk__in=[one.pk for one in clinics]).order_by("name")
        if len(clinics) == 1:
            del self.fields["clinic"]


class ReadingForm(forms.Form):
    """How a file is read: its encoding, its delimiter, its days, and what each column holds."""

    encoding = forms.ChoiceField(label=_("Encoding"), choices=Encoding.choices)
    delimiter = forms.ChoiceField(label=_("Between the cells"), choices=Delimiter.choices)
    day_first = forms.BooleanField(
        label=_("The day comes first: 3/4/2026 is 3 April"),
        required=False,
        help_text=_("Otherwise such a date is refused."),
    )

    def __init__(self, *args: Any, upload: Import, table: Table, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings = table.headings
        self.fields["day_first"].initial = upload.day_first
        if table.sheet:
            del self.fields["encoding"], self.fields["delimiter"]
        else:
            encoding, delimiter = self.fields["encoding"], self.fields["delimiter"]
            encoding.initial, delimiter.initial = upload.encoding, upload.delimiter
            assert isinstance(encoding, forms.ChoiceField)
            if upload.encoding not in Encoding:  # UTF-16 without its mark
                encoding.choices = [(upload.encoding, upload.encoding.upper()), *Encoding.choices]
        known = [(column.key, column.label) for column in COLUMNS]
        asked = unknown(upload, table)
        for heading in sorted(table.headings, key=lambda one: one not in asked):
            first = [("", _("Choose"))] if heading in asked else []
            self.fields[self._name(heading)] = forms.ChoiceField(
                label=heading[:60],
                choices=[*first, (LEFT_OUT, _("Leave it out")), *known],
                initial=upload.keys.get(heading) or ("" if heading in asked else LEFT_OUT),
                error_messages={"required": _("Say what this column holds, or leave it out.")},
            )

    def _name(self, heading: str) -> str:
        return f"column{self.headings.index(heading)}"

    @property
    def columns(self) -> list[forms.BoundField]:
        return [field for field in self if field.name.startswith("column")]

    @property
    def ways(self) -> list[forms.BoundField]:
        return [field for field in self if not field.name.startswith("column")]

    def told(self) -> dict[str, Any]:
        """Return what is said, as `read_otherwise` takes it."""
        said = self.cleaned_data
        return {
            "encoding": said.get("encoding", ""),
            "delimiter": said.get("delimiter", ""),
            "day_first": said["day_first"],
            "keys": {
                heading: said[self._name(heading)].replace(LEFT_OUT, NOTHING)
                for heading in self.headings
            },
        }
