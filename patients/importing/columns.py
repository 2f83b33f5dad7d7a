"""The columns of a list: what each holds, and by which headings it is known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from patients.importing.cells import Read, code, email, fold, listed, one_of, text, whole
from patients.models import (
    Depth,
    Intent,
    Language,
    Laterality,
    Margin,
    Patient,
    Sex,
    Treatment,
    TreatmentKind,
    Tumour,
)

NOTHING = ""  # what a column holds that is left out


@dataclass(frozen=True, slots=True)
class Column:
    """One fact of a patient, a tumour or a treatment; a `read` of None is a day."""

    key: str  # its heading in exports
    of: type[Patient | Tumour | Treatment]
    field: str
    label: str | Promise
    read: Read | None
    is_needed: bool = False  # of what is new
    help: str | Promise = ""
    also: Sequence[str] = ()  # other headings

    def in_words(self, value: Any) -> str:
        """Return a value as people read it."""
        if isinstance(value, list):
            return ", ".join(value)
        choices = dict(getattr(self.of._meta.get_field(self.field), "flatchoices", ()))
        return str(choices.get(value, "" if value is None else value))


def _long(model: type[models.Model], field: str) -> Read:
    return text(model._meta.get_field(field).max_length)  # type: ignore[union-attr, arg-type]


COLUMNS = (
    Column("mrn_issuer", Patient, "mrn_issuer", _("MRN issuer"), _long(Patient, "mrn_issuer"),
           help=_("Who issued the number; empty if it is the clinic’s own issuer."),
           also=("issuer", "発行元")),
    Column("mrn", Patient, "mrn", _("MRN"), _long(Patient, "mrn"), True,
           _("By issuer and MRN a patient is known."),
           ("patient id", "medical record number", "患者ID", "患者番号", "診察券番号",
            "カルテ番号")),
    Column("family_name", Patient, "family_name", _("Family name"), _long(Patient, "family_name"),
           True, also=("last name", "surname", "氏")),
    Column("given_name", Patient, "given_name", _("Given name"), _long(Patient, "given_name"),
           True, also=("first name", "forename")),
    Column("birth_date", Patient, "birth_date", _("Birth date"), None, True,
           _("Such as 1960-05-17, 17 May 1960 or 昭和35年5月17日."),
           ("date of birth", "dob", "birthdate", "生年月日")),
    Column("sex", Patient, "sex", _("Sex"), one_of(Sex, {
        "f": "female", "m": "male", "w": "female", "o": "other", "u": "unknown",
        "女": "female", "男": "male",
    }), True, also=("gender", "性")),
    Column("phone", Patient, "phone", _("Phone"), _long(Patient, "phone"),
           also=("telephone", "tel", "mobile", "電話番号")),
    Column("email", Patient, "email", _("E-mail address"), email,
           also=("email", "mail", "メール", "メールアドレス")),
    Column("language", Patient, "language", _("Language"), one_of(Language, {
        "jp": "ja", "jpn": "ja", "eng": "en", "japanese": "ja", "english": "en",
    }), help=_("In which messages are written: en or ja.")),
    Column("site", Tumour, "site", _("Site"), _long(Tumour, "site"), True,
           _("In words, such as “distal femur”."), ("tumour site", "tumor site", "原発部位")),
    Column("topography", Tumour, "topography", _("Topography"), code(r"C\d\d\.\d", "C49.2"), True,
           _("ICD-O-3, such as C49.2."), ("icd-o topography", "局在コード")),
    Column("morphology", Tumour, "morphology", _("Morphology"), code(r"\d{4}/\d", "8890/3"), True,
           _("ICD-O-3, such as 8890/3."), ("icd-o morphology", "形態コード")),
    Column("morphology_name", Tumour, "morphology_name", _("Morphology name"),
           _long(Tumour, "morphology_name"), True, also=("histology", "組織診断")),
    Column("icdo_edition", Tumour, "icdo_edition", _("ICD-O edition"),
           _long(Tumour, "icdo_edition"), help=_("3.2, unless it says another."),
           also=("icd-o version",)),
    Column("laterality", Tumour, "laterality", _("Laterality"), one_of(Laterality, {
        "l": "left", "r": "right", "左側": "left", "右側": "right", "m": "midline",
    }), help=_("Left, right or midline: it tells apart two tumours with the same codes."),
           also=("side", "左右")),
    Column("grade", Tumour, "grade", _("Grade (FNCLCC)"), whole(1, 3),
           help=_("1, 2 or 3."), also=("grade", "fnclcc")),
    Column("size_mm", Tumour, "size_mm", _("Size in mm"), whole(1, 2000, unit="mm"),
           also=("tumour size mm", "tumor size mm")),
    Column("depth", Tumour, "depth", _("Depth"), one_of(Depth, {
        "浅": "superficial", "深": "deep",
    }), help=_("Superficial or deep.")),
    Column("diagnosed_on", Tumour, "diagnosed_on", _("Diagnosed on"), None,
           also=("date of diagnosis", "診断日")),
    Column("treatment", Treatment, "kind", _("Treatment"), one_of(TreatmentKind, {
        "surgery": "resection", "operation": "resection", "手術": "resection",
        "chemo": "chemotherapy", "radiation": "radiotherapy",
    }), True, _("Resection, chemotherapy, radiotherapy, metastasectomy, ablation or other."),
           ("treatment kind", "kind", "治療の種類")),
    Column("treated_on", Treatment, "on", _("Date of treatment"), None,
           help=_("The first day. An operation needs it."),
           also=("treatment date", "date of surgery", "date of resection", "手術日", "治療開始日")),
    Column("intent", Treatment, "intent", _("Intent"), one_of(Intent, {})),
    Column("margin", Treatment, "margin", _("Margin"), one_of(Margin, {}),
           help=_("R0, R1 or R2.")),
    Column("drugs", Treatment, "drugs", _("Drugs"), listed(60), help=_("With commas between.")),
    Column("cycles", Treatment, "cycles", _("Cycles"), whole(1, 99)),
    Column("description", Treatment, "description", _("Description"),
           _long(Treatment, "description"), also=("procedure", "術式")),
)  # fmt: skip
BY_KEY = {column.key: column for column in COLUMNS}
REASONS = _("To correct")  # the heading under which a file of corrections says what is wrong


@cache
def _known() -> Mapping[str, str]:
    """Return the key of each heading that is known, the headings as `fold` leaves them."""
    known: dict[str, str] = {}
    for column in COLUMNS:
        for word in (column.key, *column.also, *in_every_language(column.label)):
            known.setdefault(fold(word), column.key)
    return known | {fold(word): NOTHING for word in in_every_language(REASONS)}


def in_every_language(text: str | Promise) -> list[str]:
    found = []
    for language in ("en", "ja"):
        with override(language):
            found.append(str(text))
    return found


def matched(
    headings: Iterable[str], remembered: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """Return the key of each heading, and the headings that must be asked about.

    `remembered` are headings that somebody has told before; they come first.
    """
    keys: dict[str, str] = {}
    asked = []
    for heading in headings:
        found = remembered.get(heading, _known().get(fold(heading)))
        if found is None or (found and found in keys.values()):
            asked.append(heading)
        else:
            keys[heading] = found
    return keys, asked
